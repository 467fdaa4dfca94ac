"""Whether two lines left the same: by id and byte on every topic, by row in every ledger table."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from alphaline.cli.verification.distinct import Distinct, distinct
from alphaline.cli.verification.drill import Logged
from alphaline.cli.verification.once import COMPARED, compared, ledger_digests

TOPICS = ("features.vectors.v1", *COMPARED)

Read = Callable[[str], Iterable[Logged]]


def left_behind(read: Read) -> dict[str, Distinct]:
    """Return what stands on every topic that is compared, by id."""
    return {topic: distinct(read(topic)) for topic in TOPICS}


def equality(
    laptop: Mapping[str, Distinct],
    cluster: Mapping[str, Distinct],
    ledgers: tuple[Path, Path],
) -> dict[str, Any]:
    """Return per topic and ledger table what differs; ``holds`` where nothing does and something was traded."""
    topics = {topic: compared(laptop[topic], cluster[topic]) for topic in TOPICS}
    (expected, _), (found, rows) = (ledger_digests(path) for path in ledgers)
    differing = [table for table in expected if expected[table] != found[table]]
    traded = all(topics[name]["ids"] for name in ("signals.approved.v1", "trading.fills.v1"))
    same = all(not one["differences"] and not one["conflicts"] for one in topics.values())
    return {
        "holds": same and not differing and traded,
        "topics": topics,
        "ledger": {"rows": rows, "tables_that_differ": differing},
    }
