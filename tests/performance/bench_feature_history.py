"""Features over ten million bars: our fold beside pandas, in time and in peak memory, on equal values.

Nineteen columns of the intraday set, those that pandas has a rolling or ewm equivalent of, over one
session that never ends: nothing resets, which is pandas at its best. Both end with a table of all values
in memory: ours float32, once alone and once with a status for each, pandas a frame of float64, made as it
is usually written.

Each way runs in a child process of its own, in alternation, on bars in the memory order that it takes.
Time is the CPU time of the call, imports, compilation and input excluded; the fastest child counts. Memory
is the peak resident size (VmHWM) at the end less the resident size right before the call, when imports,
machine code and input are there; of ours the largest counts, of pandas the smallest.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alphaline.features import (
    BarHistory,
    Engine,
    FeatureHistory,
    FeatureSet,
    feature_set,
    features_of,
)
from alphaline.market.sessions import SessionTable, session_label
from alphaline.messages import MINUTE_NS
from alphaline.runtime.places import checkout

BARS = 10_000_000
BLOCKS = 3
EPOCH = date(2011, 1, 3)
FIELDS = ("open", "high", "low", "close", "volume")

GOAL_TIME = 2.0
GOAL_MEMORY = 0.3

# The first columns of the set are those of `pandas_columns`, in its order.
COLUMNS = feature_set("intraday_v1").columns[:19]
SET = FeatureSet("history_v1", COLUMNS, EPOCH)

# Pandas starts Wilder's means at the first change, ours with the mean of the window.
SETTLED = 2_000
# Ours is float32, and pandas adds and removes values where ours reads the window anew.
RELATIVE, ABSOLUTE = 1e-5, 1e-6
# Rows that are compared at once.
PIECE = 500_000

Result = dict[str, Any]


class Frame(Protocol):
    """What both ways end with."""

    @property
    def values(self) -> NDArray[Any]:
        """All values; (bars, columns)."""


def run() -> list[Result]:
    """Return results for time and peak memory; AssertionError where the values differ."""
    with tempfile.TemporaryDirectory() as folder:
        _write_bars(Path(folder))
        ways = ("ours", "status", "pandas")
        blocks = [[_child(way, folder, block == 0) for way in ways] for block in range(BLOCKS)]
        _compare(Path(folder))
    ours, status, pandas = zip(*blocks, strict=True)
    with_status = _memory("peak memory with a status for each value", status, pandas)
    return [
        _time(ours, pandas),
        _memory("peak memory", ours, pandas),
        with_status | {"goal": None, "holds": None},
    ]


def _write_bars(folder: Path) -> None:
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 2e-4, BARS)))
    opened = np.r_[100.0, close[:-1]]
    high = np.maximum(opened, close) * (1 + abs(random.normal(0, 2e-4, BARS)))
    low = np.minimum(opened, close) * (1 - abs(random.normal(0, 2e-4, BARS)))
    volume = random.integers(1, 10_000, BARS).astype(float)
    bars = np.stack([opened, high, low, close, volume], axis=1)
    np.save(folder / "ours_bars.npy", bars)
    np.save(folder / "pandas_bars.npy", np.asfortranarray(bars))


def _child(way: str, folder: str, keep: bool) -> Result:
    command = [sys.executable, "-m", __spec__.name, way, folder, *(["keep"] if keep else [])]
    answer = subprocess.run(command, cwd=checkout(), capture_output=True, check=True, text=True)
    measured: Result = json.loads(answer.stdout)
    return measured


def _measured(call: Callable[[], Frame], folder: Path, way: str, keep: bool) -> Result:
    before = _resident("VmRSS")
    start = time.process_time()
    found = call()
    seconds, peak = time.process_time() - start, _resident("VmHWM")
    if keep:
        np.save(folder / f"{way}.npy", found.values)
    return {"seconds": seconds, "bytes": peak - before}


def _resident(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _ours(folder: Path, keep: bool, with_status: bool = False) -> Result:
    label = np.array([session_label(EPOCH)])
    sessions = SessionTable(label, *(label + m * MINUTE_NS for m in (0, 1, BARS + 1, BARS + 2)))
    Engine(SET, sessions).warm_up()
    bars = np.load(folder / "ours_bars.npy")
    ts = label[0] + np.arange(BARS) * MINUTE_NS
    history = {"eq.us.made": BarHistory(ts, bars)}

    def call() -> FeatureHistory:
        return features_of(SET, sessions, history, with_status)["eq.us.made"]

    return _measured(call, folder, "ours", keep)


def _status(folder: Path, keep: bool) -> Result:
    return _ours(folder, keep=False, with_status=True)


def _pandas(folder: Path, keep: bool) -> Result:
    import pandas as pd

    from tests.performance.bench_features import pandas_columns

    bars = pd.DataFrame(np.load(folder / "pandas_bars.npy"), columns=FIELDS, copy=False)
    pandas_columns(bars.iloc[:200])

    def call() -> Frame:
        return pd.concat(pandas_columns(bars), axis=1, keys=list(SET.column_names))

    return _measured(call, folder, "pandas", keep)


def _compare(folder: Path) -> None:
    ours, pandas = (np.load(folder / f"{way}.npy", mmap_mode="r") for way in ("ours", "pandas"))
    for first in range(SETTLED, BARS, PIECE):
        part = slice(first, first + PIECE)
        np.testing.assert_allclose(ours[part], pandas[part], rtol=RELATIVE, atol=ABSOLUTE)


def _time(ours: tuple[Result, ...], pandas: tuple[Result, ...]) -> Result:
    seconds = [[one["seconds"] for one in way] for way in (ours, pandas)]
    ratio = min(seconds[1]) / min(seconds[0])
    return {
        "name": f"{len(COLUMNS)} features over {BARS / 1e6:.0f} million bars, time",
        "ours": min(seconds[0]),
        "reference": min(seconds[1]),
        "unit": "CPU seconds of the call; reference: pandas; ratio: pandas over ours",
        "ratio": ratio,
        "goal": GOAL_TIME,
        "holds": ratio >= GOAL_TIME,
        "runs": [theirs / own for own, theirs in zip(*seconds, strict=True)],
    }


def _memory(what: str, ours: tuple[Result, ...], pandas: tuple[Result, ...]) -> Result:
    sizes = [[one["bytes"] / 1e6 for one in way] for way in (ours, pandas)]
    ratio = max(sizes[0]) / min(sizes[1])
    return {
        "name": f"{len(COLUMNS)} features over {BARS / 1e6:.0f} million bars, {what}",
        "ours": max(sizes[0]),
        "reference": min(sizes[1]),
        "unit": "MB of peak resident size beyond imports and input; reference: pandas; ratio: ours over pandas",
        "ratio": ratio,
        "goal": GOAL_MEMORY,
        "holds": ratio <= GOAL_MEMORY,
        "runs": [own / theirs for own, theirs in zip(*sizes, strict=True)],
    }


if __name__ == "__main__":
    chosen = {"ours": _ours, "status": _status, "pandas": _pandas}[sys.argv[1]]
    print(json.dumps(chosen(Path(sys.argv[2]), "keep" in sys.argv[3:])))  # noqa: T201
