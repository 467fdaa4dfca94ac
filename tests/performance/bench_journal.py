"""One decision into the risk journal: a PostgreSQL server beside a SQLite file, in alternating blocks.

Both are durable when the call returns: PostgreSQL with ``fsync`` and ``synchronous_commit`` on, its
server on this machine's loopback interface (a network would add its round trips: six a decision), the
file as a write-ahead log with ``synchronous=FULL``. Both lie on the disk of the temporary folder.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Any

from alphaline.runtime.journal import RiskJournal
from tests.line_values import proposal
from tests.postgresql_server import postgresql_server

BLOCKS = 9
CALLS_PER_BLOCK = 40


def run() -> list[dict[str, Any]]:
    """Return median milliseconds of an append to each, and their ratio; there is no goal."""
    with (
        tempfile.TemporaryDirectory(prefix="alphaline-bench-") as folder,
        postgresql_server() as server,
        closing(RiskJournal(server.new_database(), 1)) as over_server,
        closing(RiskJournal(Path(folder) / "journal.sqlite", 1)) as over_file,
    ):
        numbers = count()
        server_ms, file_ms = [], []
        for _ in range(BLOCKS):
            server_ms.append(_appends(over_server, numbers))
            file_ms.append(_appends(over_file, numbers))
    return [_result(server_ms, file_ms)]


def _appends(journal: RiskJournal, numbers: Iterator[int]) -> list[float]:
    found = []
    for _ in range(CALLS_PER_BLOCK):
        asked = proposal(10, 100, f"decision-{next(numbers)}")
        start = time.perf_counter()
        journal.append(asked, (), "limits")
        found.append((time.perf_counter() - start) * 1000)
    return found


def _result(server_ms: list[list[float]], file_ms: list[list[float]]) -> dict[str, Any]:
    # The first block of each prepares statements and makes pages.
    ratios = [
        statistics.median(a) / statistics.median(b)
        for a, b in zip(server_ms[1:], file_ms[1:], strict=True)
    ]
    return {
        "name": "risk journal, one decision on PostgreSQL (fsync on, loopback)",
        "ours": statistics.median(chain(*server_ms[1:])),
        "reference": statistics.median(chain(*file_ms[1:])),
        "unit": "ms per append, median; reference: SQLite (WAL, synchronous=FULL)",
        "ratio": statistics.median(ratios),
        "goal": None,
        "holds": None,
        "runs": ratios,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
