"""Features per second and core, beside pandas, and how the cost of a bar grows with the window.

CPU time of this process, blocks in alternation, the fastest block of each counts (the machine may
be shared). Three ways to call the one compiled step are measured: one call per bar from Python (as
a service with one instrument would), one call per bar from a compiled loop, and one call for a
history. The reference is pandas over the whole history for the columns it has a rolling or ewm
equivalent of, bar by bar over the last 200 bars, which is what its longest window needs.
"""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from alphaline.features import Column, Engine, FeatureSet, feature_set
from alphaline.features.compiled.step import step
from alphaline.market.sessions import SessionTable, session_label
from alphaline.messages import MINUTE_NS

BLOCKS = 7
BARS = 20_000
PANDAS_BARS = 40
EPOCH = date(2011, 1, 3)
SET = feature_set("intraday_v1")

GOAL_BAR = 10.0
GOAL_FOLD = 50.0
GOAL_WINDOW = 1.2

LONG, SHORT = 10_000, 20
# Several windows of bars, in one session that never ends: nothing resets in between.
WINDOW_BARS = 60_000

CLOSE = ("close",)
WINDOWED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("log_return", CLOSE),
    ("mean_distance", CLOSE),
    ("rolling_std", CLOSE),
    ("z_score", CLOSE),
    ("range_position", ()),
    ("close_volatility", ()),
    ("parkinson_volatility", ()),
)

Result = dict[str, Any]
Inputs = tuple[NDArray[Any], ...]


def run() -> list[Result]:
    """Return one result per way of calling, and one per question about windows."""
    return [*_speeds(), *_windows()]


def _calendar(days: int) -> SessionTable:
    label = session_label(EPOCH) + np.arange(days) * 1440 * MINUTE_NS
    return SessionTable(label, *(label + m * MINUTE_NS for m in (540, 870, 1260, 1500)))


def _endless() -> SessionTable:
    label = np.array([session_label(EPOCH)])
    return SessionTable(label, *(label + m * MINUTE_NS for m in (0, 1, 99_998, 99_999)))


def _inputs(made: FeatureSet, ts: NDArray[np.int64]) -> Inputs:
    random = np.random.default_rng(1)
    count = len(ts)
    close = 100 * np.exp(np.cumsum(random.normal(0, 5e-4, count)))
    opened = np.r_[100.0, close[:-1]]
    high = np.maximum(opened, close) * 1.0002
    low = np.minimum(opened, close) * 0.9998
    volume = random.integers(1, 10_000, count).astype(float)
    bars = np.stack([opened, high, low, close, volume], axis=1)
    known = np.tile([20.0, 0.0], (count, len(made.observations)))
    return np.zeros(count, dtype=np.int32), bars, ts, known


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


@njit(cache=False)
def _drive(state, rows, bars, ts, known, clocks, table, parameters, sessions, values, status):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        part = slice(i, i + 1)
        step(
            state, rows[part], bars[part], ts[part], known[part],
            clocks, table, parameters, sessions, values[part], status[part],
        )  # fmt: skip


def _speeds() -> list[Result]:
    sessions = _calendar(BARS // 960 + 1)
    pairs = zip(sessions.start, sessions.end, strict=True)
    ts = np.concatenate([np.arange(start, end, MINUTE_NS) for start, end in pairs])[:BARS]
    engine = Engine(SET, sessions)
    inputs = _inputs(SET, ts)
    values = np.empty((BARS, len(SET.columns)), np.float32)
    status = np.empty(values.shape, np.uint8)
    frame = pd.DataFrame(inputs[1], columns=["open", "high", "low", "close", "volume"])

    def from_python() -> None:
        state = engine.new_state(1)
        for i in range(BARS):
            engine.update(state, *(array[i : i + 1] for array in inputs))

    def from_compiled() -> None:
        _drive(engine.new_state(1), *inputs, *engine._compiled, values, status)

    def fold() -> None:
        engine.update(engine.new_state(1), *inputs)

    def pandas_bars() -> None:
        for i in range(BARS - PANDAS_BARS, BARS):
            pandas_columns(frame.iloc[i - 199 : i + 1])

    ways = (from_python, from_compiled, fold, pandas_bars, lambda: pandas_columns(frame))
    runs = _blocks(ways)
    features = BARS * len(SET.columns) / 1e6
    width = len(pandas_columns(frame.iloc[:200]))
    by_bar = PANDAS_BARS * width / 1e6 / min(runs[3])
    whole = BARS * width / 1e6 / min(runs[4])
    return [
        _speed("one call per bar from Python", features, runs[0], by_bar, GOAL_BAR),
        _speed("one call per bar from a compiled loop", features, runs[1], by_bar, GOAL_BAR),
        _speed("one call for a history (fold)", features, runs[2], whole, GOAL_FOLD),
    ]


def _blocks(ways: tuple[Callable[[], object], ...]) -> list[list[float]]:
    for way in ways:
        way()
    blocks = [[_seconds(way) for way in ways] for _ in range(BLOCKS)]
    return [list(times) for times in zip(*blocks, strict=True)]


def _speed(
    name: str, features: float, seconds: list[float], reference: float, goal: float
) -> Result:
    ours = features / min(seconds)
    return {
        "name": f"{len(SET.columns)} features of {SET.name}, {name}",
        "ours": ours,
        "reference": reference,
        "unit": "million features per CPU second; reference: pandas",
        "ratio": ours / reference,
        "goal": goal,
        "holds": ours >= goal,
        "runs": [features / one for one in seconds],
    }


def pandas_columns(bars: pd.DataFrame) -> list[pd.Series]:
    close, volume = bars["close"], bars["volume"]
    log = np.log(close)
    returns, change = log.diff(), close.diff()
    line = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = line.ewm(span=9, adjust=False).mean()
    rolling, traded = close.rolling(20), volume.rolling(30)
    mean, std = rolling.mean(), rolling.std()
    low, high = bars["low"].rolling(30).min(), bars["high"].rolling(30).max()
    gain = change.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    loss = (-change).clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean()
    typical = (bars["high"] + bars["low"] + close) / 3
    squared = np.log(bars["high"] / bars["low"]) ** 2
    return [
        *(log.diff(n) for n in (1, 5, 15, 30)),
        *(close / close.ewm(span=n, adjust=False).mean() - 1 for n in (20, 60)),
        100 * gain / (gain + loss),
        line / close,
        signal / close,
        (line - signal) / close,
        close / mean - 1,
        std / mean,
        (close - mean) / std,
        (close - low) / (high - low),
        returns.rolling(30).std(),
        np.sqrt(squared.rolling(30).mean() / (4 * np.log(2))),
        np.sqrt((returns**2).ewm(span=60).mean()),
        close / ((typical * volume).cumsum() / volume.cumsum()) - 1,
        (volume - traded.mean()) / traded.std(),
    ]


def _windows() -> list[Result]:
    ts = session_label(EPOCH) + np.arange(WINDOW_BARS) * MINUTE_NS
    everything = _window_result("all of them", WINDOWED, ts)
    each = [_window_result(row[0], (row,) * 5, ts) for row in WINDOWED]
    return [everything, max(each, key=lambda result: result["ratio"])]


def _window_result(
    name: str, operators: tuple[tuple[str, tuple[str, ...]], ...], ts: NDArray[np.int64]
) -> Result:
    runs = _blocks(tuple(_window_fold(operators, window, ts) for window in (LONG, SHORT)))
    ratio = min(runs[0]) / min(runs[1])
    worst = "" if name == "all of them" else ", the operator whose cost grows most"
    return {
        "name": f"t(window {LONG}) / t(window {SHORT}), windowed operators: {name}{worst}",
        "ours": min(runs[0]) / WINDOW_BARS * 1e9,
        "reference": min(runs[1]) / WINDOW_BARS * 1e9,
        "unit": "ns of CPU per bar; reference: the same operators at the short window",
        "ratio": ratio,
        "goal": GOAL_WINDOW,
        "holds": ratio <= GOAL_WINDOW,
        "runs": [long / short for long, short in zip(*runs, strict=True)],
    }


def _window_fold(
    operators: tuple[tuple[str, tuple[str, ...]], ...], window: int, ts: NDArray[np.int64]
) -> Callable[[], object]:
    columns = tuple(
        Column(f"c{i}", operator, "1m", window, inputs)
        for i, (operator, inputs) in enumerate(operators)
    )
    made = FeatureSet("windows_v1", columns, EPOCH)
    engine = Engine(made, _endless())
    inputs = _inputs(made, ts)
    return lambda: engine.update(engine.new_state(1), *inputs)


if __name__ == "__main__":
    import json

    print(json.dumps(run(), indent=2))  # noqa: T201
