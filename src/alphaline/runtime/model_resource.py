"""The name of a signed version as a resource of Seldon Core 2, for who asks it and for who lays it out."""

import re
from collections.abc import Sequence

# In a call's metadata, stands for the resource of the model that is asked.
RESOURCE_FIELD = "{resource}"

# A label's value is no longer, and Core 2 makes labels and topics of names.
_LONGEST = 63
_DIGITS = 8


def resource_name(name: str, version: str, digest: str) -> str:
    """Return the name of the ``Model`` that serves a signed version.

    Lower case, digits and dashes (Core 2 appends ``_<generation>`` and looks for that), at most 63 of them.
    The end is the start of the ONNX file's digest, so that two versions never share a name that differs
    only in what a resource's name cannot hold.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", f"{name}-{version}".lower()).strip("-")
    return f"{readable[: _LONGEST - _DIGITS - 1].rstrip('-')}-{digest.removeprefix('sha256:')[:_DIGITS]}"


def routed(
    metadata: Sequence[tuple[str, str]], name: str, version: str, digest: str
) -> list[tuple[str, str]]:
    """Return ``metadata`` with the model's resource in place of ``{resource}``."""
    resource = resource_name(name, version, digest)
    return [(key, value.replace(RESOURCE_FIELD, resource)) for key, value in metadata]
