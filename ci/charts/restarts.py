"""Whether a change of a file that services read once, at start, makes new pods."""

from collections.abc import Iterator, Sequence

from ci.charts.rendering import Rendered

# A set that changes a file, and the pods that read it; all others stay.
READERS = (
    ("unset-limit", {"alphaline-risk-management"}),
    ("paced", {"alphaline-market-data"}),
)


def unmoved(rendered: Sequence[Rendered]) -> Iterator[str]:
    """Yield what does not restart and should, or does and should not."""
    by_name = {one.name: one for one in rendered}
    before = _pods(by_name["least"])
    for name, readers in READERS:
        after = _pods(by_name[name])
        changed = {pod for pod in before if before[pod] != after[pod]}
        if changed != readers:
            yield f"{name}: expected new pods of {sorted(readers)}, saw {sorted(changed)}"


def _pods(rendered: Rendered) -> dict[str, object]:
    return {
        manifest["metadata"]["name"]: manifest["spec"]["template"]
        for manifest in rendered.of_kind("Deployment", "StatefulSet")
    }
