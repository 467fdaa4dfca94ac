"""The namespace of a run: hardened, with the keys that models are signed with."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from alphaline.runtime.signing import make_key
from ci.charts.rendering import SECRET
from ci.cluster.kubectl import Kubectl

# The name that the chart's own checks use.
PUBLIC, PRIVATE, FOREIGN = SECRET, "alphaline-private", "alphaline-foreign"
LEVELS = ("enforce", "audit", "warn")


class Keys(NamedTuple):
    """A pair of PEM files."""

    private: Path
    public: Path


@contextmanager
def made(kubectl: Kubectl, folder: Path, *, keep: bool) -> Iterator[None]:
    """Make the namespace anew, and delete it at the end unless people want to look into it.

    Pod Security ``restricted`` is enforced. Three Secrets hold the pair of keys that models are signed
    with and, for who is not trusted, a private key that no public one of the line belongs to.
    """
    try:
        _make(kubectl, folder)
        yield
    finally:
        if not keep:
            _remove(kubectl)


def _make(kubectl: Kubectl, folder: Path) -> None:
    _remove(kubectl)
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": kubectl.namespace,
                "labels": {f"pod-security.kubernetes.io/{level}": "restricted" for level in LEVELS},
            },
        }
    )
    keys = Keys(folder / "signing.pem", folder / "signing.pub")
    make_key(*keys)
    foreign = Keys(folder / "foreign.pem", folder / "foreign.pub")
    make_key(*foreign)
    kubectl.apply(
        _secret(PUBLIC, "signing.pub", keys.public),
        _secret(PRIVATE, "signing.pem", keys.private),
        _secret(FOREIGN, "signing.pem", foreign.private),
    )


def _remove(kubectl: Kubectl) -> None:
    kubectl.run("delete", "namespace", kubectl.namespace, "--ignore-not-found", "--wait=true")


def _secret(name: str, item: str, file: Path) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "data": {item: base64.b64encode(file.read_bytes()).decode()},
    }
