"""What the cluster left beside what this machine left of the same sessions with the same model."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from alphaline.messages import ModelDeployed
from ci.cluster.comparison import equality, left_behind
from ci.cluster.laptop import Left, replayed
from ci.cluster.line import ClusterLine
from ci.cluster.sessions import Sessions


def on_this_machine(
    line: ClusterLine, folder: Path, spans: Sequence[Sessions]
) -> Mapping[Sessions, Left]:
    """Replay spans here with the model that was delivered there last, and return what each left.

    ``folder`` holds the ``keys`` of the run; the model store is put beside them.
    """
    line.fetch_models(folder / "models")
    record = line.messages("models.deployed.v1")[-1].message
    assert isinstance(record, ModelDeployed)  # noqa: S101 - the topic's only kind
    line.report("the same sessions on this machine")
    return replayed(folder, record, line.report, spans)


def same(
    line: ClusterLine,
    left: Left,
    ledger: Path,
    name: str,
    fetch: Callable[[Path], None] | None = None,
) -> dict[str, Any]:
    """Return whether both left the same; the cluster's ledger is fetched to ``ledger``.

    ``fetch`` does that where the ledger is no file in its pod.
    """
    (fetch or line.fetch_ledger)(ledger)
    found = equality(left.topics, left_behind(line.messages), (left.ledger, ledger))
    line.report(f"{name}: {'equal' if found['holds'] else 'DIFFERENT'}")
    return found
