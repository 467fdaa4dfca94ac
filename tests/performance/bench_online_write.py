"""Online write of feature rows: our writer beside Feast's ``push``, in alternating blocks.

Both write the same vectors of as many columns as ``intraday_v1`` has into a SQLite file of their own
that Feast has applied. Ours starts from decoded vectors, Feast from a ready frame. Durability: ours
is a write-ahead log with ``synchronous=FULL`` (on disk when the call returns), Feast's is SQLite's
default (rollback journal, ``synchronous=FULL``).
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from feast import FeatureStore, PushSource
from feast.data_source import PushMode

from alphaline.features import feature_set
from alphaline.messages import MINUTE_NS, FeatureVector
from alphaline.runtime.feature_store import FeatureTable, OnlineStoreSettings, StorePaths
from alphaline.runtime.feature_store.offline import arrow_rows, create_empty
from alphaline.runtime.feature_store.sqlite_online import SqliteOnlineWriter
from feature_repo.entities import instrument
from feature_repo.store import build
from feature_repo.views import feature_view, source

BLOCKS = 8
CALLS_PER_BLOCK = 12
GOALS = {1: 20.0, 50: 8.0}
TABLE = FeatureTable("intraday_v1", feature_set("intraday_v1").column_names)
START = 1_294_064_940_000_000_000


def run() -> list[dict[str, Any]]:
    """Return one result per batch size: median milliseconds of a call and their ratio."""
    with tempfile.TemporaryDirectory(prefix="alphaline-bench-") as folder:
        return [_measure(Path(folder) / str(rows), rows) for rows in GOALS]


def _measure(folder: Path, rows: int) -> dict[str, Any]:
    minutes = iter(range(10**9))
    with (
        closing(SqliteOnlineWriter(StorePaths(folder / "ours").online, TABLE)) as writer,
        push_store(folder / "feast") as store,
    ):
        ours, pushed = [], []
        for _ in range(BLOCKS):
            batches = [vectors(next(minutes), rows) for _ in range(CALLS_PER_BLOCK)]
            frames = [arrow_rows(TABLE, batch).to_pandas() for batch in batches]
            ours.append(times(writer.write, batches))
            pushed.append(
                times(lambda frame: store.push("rows", frame, to=PushMode.ONLINE), frames)
            )
    return _result(rows, ours, pushed)


def _result(rows: int, ours: list[list[float]], pushed: list[list[float]]) -> dict[str, Any]:
    # The first block of each creates rows and fills caches.
    ratios = [
        statistics.median(b) / statistics.median(a) for a, b in zip(ours, pushed, strict=True)
    ]
    ratio = statistics.median(ratios[1:])
    return {
        "name": f"online write of {rows} row{'s' * (rows > 1)} of {len(TABLE.columns)} columns"
        " (WAL, synchronous=FULL)",
        "ours": statistics.median(chain(*ours[1:])),
        "reference": statistics.median(chain(*pushed[1:])),
        "unit": "ms per call, median; reference: Feast push",
        "ratio": ratio,
        "goal": GOALS[rows],
        "holds": ratio >= GOALS[rows],
        "runs": ratios[1:],
    }


def times(call: Callable[[Any], object], inputs: list[Any]) -> list[float]:
    """Return the milliseconds of each call."""
    found = []
    for one in inputs:
        start = time.perf_counter()
        call(one)
        found.append((time.perf_counter() - start) * 1000)
    return found


def vectors(minute: int, rows: int) -> list[FeatureVector]:
    """Return the vectors of ``rows`` instruments for a minute."""
    values = np.random.default_rng(minute).normal(size=(rows, len(TABLE.columns)))
    return [
        FeatureVector(
            instrument=f"eq.us.clone{number:04d}",
            ts_event=START + minute * MINUTE_NS,
            ts_known=START + (minute + 1) * MINUTE_NS,
            feature_set=TABLE.feature_set,
            values=tuple(row.astype(np.float32).astype(float).tolist()),
            status="k" * len(TABLE.columns),
            close=127.25,
            engine="bench",
        )
        for number, row in enumerate(values)
    ]


@contextmanager
def push_store(
    data_root: Path, online: OnlineStoreSettings | None = None
) -> Iterator[FeatureStore]:
    """Give Feast over a repository with a push source for the table."""
    paths = StorePaths(data_root)
    create_empty(paths.offline(TABLE.feature_set), TABLE)
    store = build(data_root, online)
    push_source = PushSource(name="rows", batch_source=source(TABLE, paths))
    store.apply([instrument, push_source, feature_view(TABLE, push_source)])
    yield store
    used = store._get_provider().online_store
    opened = used._get_conn(store.config) if hasattr(used, "_get_conn") else used._client
    with closing(opened):
        pass


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
