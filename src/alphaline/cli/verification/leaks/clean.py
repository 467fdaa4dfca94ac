"""Columns that must not be flagged: every operator by timeframe and window, and the sets that are in use."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np

from alphaline.cli.verification.feature_sources import Backfill
from alphaline.cli.verification.history import History
from alphaline.cli.verification.leaks.daily import STOCK
from alphaline.features import Column, Engine, FeatureSet, feature_set
from alphaline.features.feature_set import MAXIMUM_SESSION_LOOK_BACK, TIMEFRAMES_OF, Base
from alphaline.features.operators import OPERATORS, Operator
from alphaline.market.decision_times import decision_times
from alphaline.market.sessions import SessionTable
from alphaline.research.daily import daily_features
from alphaline.research.data import ResearchData
from alphaline.research.lookahead import KnownColumn

DAILY_SETS = ("daily_baseline_v1", "daily_short_v1", "daily_long_v1")
# On sessions a short and a long one, of which the long one is warm after a year of weeks; on minutes
# one that half hours of a session make warm, and one that five sessions do.
_WINDOWS = (14, 42)
_WINDOW_OF_MINUTES = 14
_SESSIONS_OF_MINUTES = 4
# From 04:00 to 20:00; after them what is made of half hours starts anew.
_HALF_HOURS = 32
_INPUTS: dict[Base, dict[int, tuple[tuple[str, ...], ...]]] = {
    "session": {0: ((),), 1: (("close",), ("VIX",)), 2: (("close", "VIX"), ("close", "IBM_CLOSE"))},
    # Within a session a series of sessions hardly moves.
    "1m": {0: ((),), 1: (("close",),), 2: (("close", "VIX"), ("close", "open"))},
}
_OBSERVED: dict[int, tuple[tuple[str, ...], ...]] = {
    1: (("VIX",), ("UST_3M",), ("UST_10Y",)),
    2: (("UST_10Y", "UST_3M"),),
}


@cache
def every_operator(base: Base) -> FeatureSet:
    """Return a set with each operator on each timeframe, window and input that suits the base."""
    epoch = feature_set("daily_baseline_v1" if base == "session" else "intraday_v1").epoch
    columns = {
        column.name: column
        for name, operator in OPERATORS.items()
        for column in _columns(name, operator, base)
    }
    return FeatureSet(f"every_operator_{base}", tuple(columns.values()), epoch, base)


@cache
def all_daily() -> FeatureSet:
    """Return the columns of the daily sets and of every operator on sessions as one set."""
    sets = (*map(feature_set, DAILY_SETS), every_operator("session"))
    columns = [
        replace(column, name=f"{one.name}: {column.name}") for one in sets for column in one.columns
    ]
    return FeatureSet("all_daily", tuple(columns), sets[0].epoch, "session")


def daily_columns(data: ResearchData) -> dict[str, KnownColumn]:
    """Return all daily columns of a stock, known at the decision on each bar."""
    known_at = decision_times(data.bars[STOCK].session, data.sessions)
    made = daily_features(data, all_daily(), (STOCK,))[STOCK]
    return {
        name: KnownColumn(known_at, made.values[:, place].astype(np.float64))
        for place, name in enumerate(all_daily().column_names)
    }


class MinuteColumns:
    """Columns of every operator on minutes, as the backfill makes them."""

    def __init__(self, sessions: SessionTable) -> None:
        self._source = Backfill(Engine(every_operator("1m"), sessions))

    def __call__(self, history: History) -> dict[str, KnownColumn]:
        """Return the columns of ``history``."""
        rows = self._source(history)
        return {
            f"every_operator_1m: {name}": KnownColumn(
                rows.ts_known, rows.values[:, place].astype(np.float64)
            )
            for place, name in enumerate(rows.columns)
        }


def _columns(name: str, operator: Operator, base: Base) -> Iterator[Column]:
    for timeframe in (*TIMEFRAMES_OF[base], "none"):
        if timeframe not in operator.timeframes:
            continue
        inputs = (_OBSERVED if timeframe == "none" else _INPUTS[base])[operator.inputs]
        for window in _windows(operator, base, timeframe):
            for read in inputs:
                title = "_".join((name, timeframe, *([str(window)] if window else []), *read))
                column = Column(title, name, timeframe, window, read, operator.usual)
                if _suits(column, base):
                    yield column


def _windows(operator: Operator, base: Base, timeframe: str) -> tuple[int, ...]:
    if operator.minimum_window == 0:
        return (0,)
    asked: tuple[int, ...] = _WINDOWS
    if base != "session":
        asked = (_SESSIONS_OF_MINUTES if timeframe == "session" else _WINDOW_OF_MINUTES,)
    windows = dict.fromkeys(max(window, operator.minimum_window) for window in asked)
    return tuple(one for one in windows if not operator.expected(one, operator.usual))


def _suits(column: Column, base: Base) -> bool:
    if column.is_made_anew:
        return column.timeframe in (base, "none")
    if base == "session":
        return True
    if column.timeframe == "session":
        return column.look_back <= MAXIMUM_SESSION_LOOK_BACK
    return column.timeframe != "30m" or column.warm_up <= _HALF_HOURS
