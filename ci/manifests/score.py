"""kube-score's opinion of the kustomizations: the chart's exceptions, and those of the console."""

from collections.abc import Iterator
from fnmatch import fnmatch

from ci.charts import score
from ci.charts.rendering import Rendered

# What kube-score says of it, and why not.
CONSOLE = (
    ("deployment-replicas", "a person looks through one at a time"),
    ("deployment-has-host-podantiaffinity", "there is one of it"),
    ("deployment-has-poddisruptionbudget", "nothing waits for it"),
    ("pod-probes", "it waits for a person and serves nobody"),
)


def criticised(rendered: Rendered) -> Iterator[str]:
    """Yield what kube-score says of a rendering that no exception covers."""
    problems, _used = score.criticised(rendered)
    yield from (one for one in problems if not _is_excused(one))


def _is_excused(problem: str) -> bool:
    return any(fnmatch(problem, f"*: Deployment/*-console: {check} (*") for check, _why in CONSOLE)
