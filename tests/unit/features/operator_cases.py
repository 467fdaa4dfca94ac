"""Every operator on every base and timeframe that it declares, and a market to run them on.

The cases are read off the table of operators: a new row is tested by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column, Engine, FeatureSet
from alphaline.features.feature_set import MAXIMUM_SESSION_LOOK_BACK, TIMEFRAMES_OF, Base
from alphaline.features.operators import OPERATORS, Operator
from alphaline.market.sessions import DAY_NS, SessionTable, session_date, session_label
from alphaline.messages import MINUTE_NS
from tests.unit.features.made_market import EPOCH, walk, weekdays

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BASES: tuple[Base, ...] = tuple(TIMEFRAMES_OF)
LENGTH = {"1m": 1, "5m": 5, "30m": 30}

# Sessions of twenty hours, so that forty half hours warm up what has to.
_DAYS, START, OPEN, CLOSE, END = 7, 0, 600, 1140, 1200

# Sessions of the calendar before the first and after the last bar: more than a month.
_BESIDE = 40

# One inside, and one beyond, the windows that are read whole.
_LONGER = (3, 70)


@cache
def market(base: Base) -> SessionTable:
    """Return the calendar on which a base is tested; it goes beyond the bars on both sides."""
    if base == "session":
        return weekdays(date(2010, 11, 1), date(2017, 1, 31))
    label = session_label(EPOCH) + np.arange(-_BESIDE, _DAYS + _BESIDE) * DAY_NS
    return SessionTable(label, *(label + m * MINUTE_NS for m in (START, OPEN, CLOSE, END)))


@cache
def starts(base: Base) -> Ints:
    """Return the start of every bar from the epoch on."""
    days = _DAYS if base != "session" else len(market(base)) - _BESIDE
    first = int(np.searchsorted(market(base).session, session_label(EPOCH)))
    last = market(base).session[min(first + days, len(market(base)) - _BESIDE) - 1]
    sessions = market(base).between(EPOCH, session_date(int(last)))
    if base == "session":
        return sessions.open
    step = LENGTH[base] * MINUTE_NS
    pairs = zip(sessions.start, sessions.end, strict=True)
    return np.concatenate([np.arange(start, end, step) for start, end in pairs])


@cache
def bars_closed(base: Base, timeframe: str) -> Ints:
    """Return how many bars of a timeframe are closed, since the reset, after each bar of the base."""
    sessions, ts = market(base), starts(base)
    index = sessions.indices_at(ts)
    if base == "session":
        days = pd.DatetimeIndex(sessions.session[index[0] :])
        period = days if timeframe == "session" else days.to_period(timeframe[0].upper())
        ends = np.asarray(period[:-1] != period[1:])
        return np.cumsum(ends[: len(ts)])
    end = ts + LENGTH[base] * MINUTE_NS
    if timeframe == "session":
        return index - index[0] + (end >= sessions.close[index])
    return (end - sessions.start[index]) // (LENGTH[timeframe] * MINUTE_NS)


@cache
def bar_starts(base: Base, timeframe: str) -> Ints:
    """Return, for each bar of the base, the place of the first one in the same bar of a timeframe."""
    closed = bars_closed(base, timeframe)
    sessions = market(base)
    index = sessions.indices_at(starts(base))
    before = np.r_[0, closed[:-1]]
    if timeframe not in ("session", "week", "month"):
        before[np.diff(index, prepend=-1) > 0] = 0
    name = before if timeframe not in LENGTH else index * len(index) + before
    return np.unique(name, return_index=True)[1][np.unique(name, return_inverse=True)[1]]


def columns_of(name: str, base: Base) -> tuple[Column, ...]:
    """Return the columns that an operator is tested by."""
    return tuple(_columns(name, OPERATORS[name], base))


def _columns(name: str, operator: Operator, base: Base) -> Iterator[Column]:
    for timeframe in (*TIMEFRAMES_OF[base], "none"):
        if timeframe not in operator.timeframes:
            continue
        for window in _windows(operator):
            for inputs in _inputs(operator.inputs, timeframe):
                title = "-".join((name, timeframe, str(window), *inputs))
                column = Column(title, name, timeframe, window, inputs, operator.usual)
                if _fits(column, base):
                    yield column


def _windows(operator: Operator) -> tuple[int, ...]:
    least = operator.minimum_window
    windows = (0,) if least == 0 else dict.fromkeys((least, *(max(w, least) for w in _LONGER)))
    return tuple(w for w in windows if not operator.expected(w, operator.usual))


def _inputs(count: int, timeframe: str) -> tuple[tuple[str, ...], ...]:
    if timeframe == "none":
        return (("INDEX", "RATE")[:count],)
    return {0: ((),), 1: (("close",), ("INDEX",)), 2: (("close", "INDEX"), ("close", "open"))}[
        count
    ]


def _fits(column: Column, base: Base) -> bool:
    if column.timeframe == "none":
        return True
    if column.is_made_anew:
        return column.timeframe == base
    if column.timeframe == "session" and base != "session":
        return column.look_back <= MAXIMUM_SESSION_LOOK_BACK
    return column.warm_up <= int(bars_closed(base, column.timeframe).max())


@dataclass
class Market:
    """Bars and observations of one instrument, complete unless something is taken out."""

    ts: Ints
    bars: Floats
    observed: Floats

    def thinned(self, share: float, seed: int) -> "Market":
        """Return the market with a share of its bars left out and of its observations lost."""
        random = np.random.default_rng(seed)
        kept = random.random(len(self.ts)) >= share
        observed = self.observed.copy()
        observed[random.random(observed.shape) < share] = np.nan
        observed[:, 1::2][random.random(observed[:, 1::2].shape) < share] = 6.0
        observed[np.isnan(observed[:, 0::2]).repeat(2, axis=1)] = np.nan
        return Market(self.ts[kept], self.bars[kept], observed[kept])


def complete(base: Base, seed: int = 1) -> Market:
    """Return every bar of a base, with series that are always known and never old.

    The first lies at the level of days since 1970, so that some of it are dates that lie ahead.
    """
    ts = starts(base)
    bars = walk(len(ts), seed)
    observed = np.zeros((len(ts), 4))
    for k in range(2):
        moves = walk(len(ts), seed + 100 * (k + 1))[:, 3] / 100
        observed[:, 2 * k] = (15_010 * moves**0.5, moves)[k]
    return Market(ts, bars, observed)


@cache
def feature_set_of(base: Base) -> FeatureSet:
    """Return every case of a base as one set; columns do not touch each other."""
    columns = [column for name in OPERATORS for column in columns_of(name, base)]
    return FeatureSet("battery_v1", tuple(columns), EPOCH, base)


def columns_as_set(base: Base, columns: tuple[Column, ...]) -> FeatureSet:
    """Return some columns of a base as a set that reads both series, whether or not they do."""
    series = Column("both", "spread", "none", 0, ("INDEX", "RATE"))
    return FeatureSet("battery_v1", (*columns, series), EPOCH, base)


def fold(
    feature_set: FeatureSet, made: Market
) -> tuple[NDArray[np.float32], NDArray[np.uint8], Floats]:
    """Fold a market; return values, status and the state after it."""
    engine = Engine(feature_set, market(feature_set.base))
    state, rows = engine.new_state(1), np.zeros(len(made.ts), np.int32)
    values, status = engine.update(state, rows, made.bars, made.ts, observations(feature_set, made))
    return values, status, state


def observations(feature_set: FeatureSet, made: Market) -> Floats:
    """Return the observations in the order of a set's series."""
    places = [
        2 * ("INDEX", "RATE").index(name) + k for name in feature_set.observations for k in (0, 1)
    ]
    return np.ascontiguousarray(made.observed[:, places])
