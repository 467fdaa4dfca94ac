"""Small calendars and bars made for the tests of features."""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column, Engine, FeatureSet
from alphaline.market.sessions import DAY_NS, SessionTable, session_label
from alphaline.messages import MINUTE_NS

EPOCH = date(2011, 1, 3)

# Minutes after midnight UTC. Short sessions keep the tests fast; the close lies inside an hour.
START, OPEN, CLOSE, END = 540, 595, 745, 780


def calendar(days: int, end: int = END, close: int = CLOSE) -> SessionTable:
    """Return sessions on consecutive days from the epoch on."""
    label = session_label(EPOCH) + np.arange(days) * DAY_NS
    return SessionTable(label, *(label + m * MINUTE_NS for m in (START, OPEN, close, end)))


def weekdays(first: date, last: date, *holidays: date) -> SessionTable:
    """Return sessions on the weekdays from ``first`` to ``last`` but for holidays."""
    days = pd.bdate_range(first, last).difference(pd.DatetimeIndex(holidays))
    label = np.array([session_label(day.date()) for day in days])
    return SessionTable(label, *(label + m * MINUTE_NS for m in (START, OPEN, CLOSE, END)))


def minutes_of(sessions: SessionTable) -> NDArray[np.int64]:
    """Return the start of every minute of every session."""
    pairs = zip(sessions.start, sessions.end, strict=True)
    return np.concatenate([np.arange(start, end, MINUTE_NS) for start, end in pairs])


def walk(count: int, seed: int) -> NDArray[np.float64]:
    """Return a random walk of bars (count, 5): open, high, low, close, volume."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 5e-4, count)))
    opened = np.r_[100.0, close[:-1]]
    high = np.maximum(opened, close) * (1 + abs(random.normal(0, 2e-4, count)))
    low = np.minimum(opened, close) * (1 - abs(random.normal(0, 2e-4, count)))
    volume = random.integers(1, 10_000, count).astype(float)
    return np.stack([opened, high, low, close, volume], axis=1)


def thinned(ts: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """Return the minutes with about this share of them left out."""
    return ts[np.random.default_rng(seed).random(len(ts)) >= share]


def observed(feature_set: FeatureSet, count: int, seed: int = 0) -> NDArray[np.float64]:
    """Return values and ages, some never seen, some too old."""
    random = np.random.default_rng(seed)
    rows = random.random((count, 2 * len(feature_set.observations)))
    rows[:, 1::2] = random.integers(0, 8, rows[:, 1::2].shape)
    rows[random.random(count) < 0.2] = np.nan
    return rows


def single(column: Column) -> FeatureSet:
    """Return a feature set of one column."""
    return FeatureSet("single_v1", (column,), EPOCH)


class Run:
    """One instrument folded through an engine, with what went in."""

    def __init__(
        self,
        feature_set: FeatureSet,
        sessions: SessionTable,
        ts: NDArray[np.int64],
        bars: NDArray[np.float64],
    ) -> None:
        self.engine = Engine(feature_set, sessions)
        self.ts, self.bars = ts, bars
        self.observations = observed(feature_set, len(ts))
        self.state = self.engine.new_state(1)

    def take(self, first: int, last: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Fold the bars [first, last) and return their vectors."""
        part = slice(first, last)
        rows = np.zeros(len(self.ts[part]), dtype=np.int32)
        inputs = (self.bars[part], self.ts[part], self.observations[part])
        return self.engine.update(self.state, rows, *inputs)

    def fold(self) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Fold all bars."""
        return self.take(0, len(self.ts))
