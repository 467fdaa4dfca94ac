"""Online write into Redis: our writer beside our SQLite writer and beside Feast's ``push``, in blocks.

The same vectors of as many columns as ``intraday_v1`` has. Redis is a server of its own on loopback
with ``appendonly yes, appendfsync everysec``: a crash of its machine may take the last second, which
the sink then brings back. SQLite is on disk when the call returns. No goals: which store a deployment
needs is not a matter of speed.
"""

import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import Any

from feast.data_source import PushMode

from alphaline.messages import FeatureVector
from alphaline.runtime.feature_store import StorePaths
from alphaline.runtime.feature_store.offline import arrow_rows
from alphaline.runtime.feature_store.redis_online import RedisOnlineWriter
from alphaline.runtime.feature_store.sqlite_online import SqliteOnlineWriter
from tests.performance.bench_online_write import TABLE, push_store, times, vectors
from tests.redis_servers import RedisServer, redis_server

BLOCKS = 8
CALLS_PER_BLOCK = 12
# One row: what a live line of few instruments flushes. 500: a full batch of the sink.
SIZES = (1, 500)
KEPT = ("--appendonly", "yes", "--appendfsync", "everysec")

Write = Callable[[list[FeatureVector]], object]


def run() -> list[dict[str, Any]]:
    """Return results per batch size: milliseconds of a call, or rows a second, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as name:
        folder = Path(name)
        with redis_server("redis", folder, *KEPT) as server:
            against_sqlite = [_against_sqlite(folder / str(rows), server, rows) for rows in SIZES]
            return [
                *against_sqlite,
                *(_against_feast(folder / f"feast{n}", server, n) for n in SIZES),
            ]


def _against_sqlite(folder: Path, server: RedisServer, rows: int) -> dict[str, Any]:
    server.client.flushall()
    with (
        closing(RedisOnlineWriter(server.connection, TABLE, tuple)) as ours,
        closing(SqliteOnlineWriter(StorePaths(folder).online, TABLE)) as theirs,
    ):
        blocks = _blocks(rows, ours.write, theirs.write)
    return _result(f"Redis write of {_named(rows)}", "our SQLite writer", rows, blocks)


def _against_feast(folder: Path, server: RedisServer, rows: int) -> dict[str, Any]:
    server.client.flushall()
    with (
        closing(RedisOnlineWriter(server.connection, TABLE, tuple)) as ours,
        push_store(folder, server.settings) as store,
    ):
        # Both write the same keys: each block of one side is newer than the last of the other.
        blocks = _blocks(
            rows,
            ours.write,
            lambda frame: store.push("rows", frame, to=PushMode.ONLINE),
            lambda batch: arrow_rows(TABLE, batch).to_pandas(),
        )
    return _result(f"Redis write of {_named(rows)}", "Feast push to the same Redis", rows, blocks)


def _blocks(
    rows: int,
    ours: Write,
    theirs: Callable[[Any], object],
    prepared: Callable[[list[FeatureVector]], Any] = lambda batch: batch,
) -> list[tuple[list[float], list[float]]]:
    minutes = count()
    found = []
    for _ in range(BLOCKS):
        own = [vectors(next(minutes), rows) for _ in range(CALLS_PER_BLOCK)]
        other = [prepared(vectors(next(minutes), rows)) for _ in range(CALLS_PER_BLOCK)]
        found.append((times(ours, own), times(theirs, other)))
    # The first block of each creates rows and fills caches.
    return found[1:]


def _result(
    name: str, reference: str, rows: int, blocks: list[tuple[list[float], list[float]]]
) -> dict[str, Any]:
    ratios = [statistics.median(theirs) / statistics.median(ours) for ours, theirs in blocks]
    ours, theirs = (statistics.median(chain(*side)) for side in zip(*blocks, strict=True))
    unit = "ms per call, median"
    if rows > 1:
        ours, theirs = (rows * 1000 / each for each in (ours, theirs))
        unit = "rows per second, median call"
    return {
        "name": name,
        "ours": ours,
        "reference": theirs,
        "unit": f"{unit}; reference: {reference}",
        "ratio": statistics.median(ratios),
        "goal": None,
        "holds": None,
        "runs": ratios,
    }


def _named(rows: int) -> str:
    return (
        f"{rows} row{'s' * (rows > 1)} of {len(TABLE.columns)} columns (append-only file, everysec)"
    )


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
