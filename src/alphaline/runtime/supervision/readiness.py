"""Whether a part of the line is ready to do its work."""

import urllib.error
import urllib.request

from alphaline.runtime.cluster import answers
from alphaline.runtime.ports import is_free
from alphaline.runtime.supervision.line_file import LineFile
from alphaline.runtime.supervision.parts import Part

PROBE_TIMEOUT_S = 2.0


def is_ready(part: Part, line: LineFile) -> bool:
    """Return whether ``part`` answers that it is ready; the broker, whether it serves clients."""
    if part.ready_url is None:
        # The port first: Kafka's client waits its whole timeout for one that nobody listens on.
        return not is_free(line.ports["kafka"]) and answers(line.bootstrap_servers, PROBE_TIMEOUT_S)
    return fetched(part.ready_url) is not None


def fetched(url: str) -> str | None:
    """Return what stands at ``url`` if it answers with 200, else None."""
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S) as answer:  # noqa: S310 - ours
            text: str = answer.read().decode(errors="replace")
            return text if answer.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None
