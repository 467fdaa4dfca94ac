"""Operators of two inputs, and plain changes, by plain numpy."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column
from tests.unit.features.families.rolling import at_rest, changes, lagged, windows
from tests.unit.features.families.statistics_reference import correlation

Array = NDArray[np.float64]


def _both(column: Column, bars: pd.DataFrame) -> tuple[Array, Array]:
    first, second = (changes(bars[name]) for name in column.input)
    return windows(first, column.window), windows(second, column.window)


def _correlation(column: Column, bars: pd.DataFrame) -> Array:
    return correlation(*_both(column, bars))


def _regression(column: Column, bars: pd.DataFrame) -> Array:
    x, y = _both(column, bars)
    found = np.full(len(x), np.nan)
    for i in np.flatnonzero(~np.isnan(x + y).any(axis=1)):
        beta = 0.0 if at_rest(y[i : i + 1])[0] else np.polyfit(y[i], x[i], 1)[0]
        left = x[i] - x[i].mean() - beta * (y[i] - y[i].mean())
        volatility = 0.0 if at_rest(x[i : i + 1])[0] else np.sqrt((left**2).sum() / (len(left) - 2))
        found[i] = beta if column.operator == "beta" else volatility
    return found


def _relative_strength(column: Column, bars: pd.DataFrame) -> Array:
    first, second = (bars[name].to_numpy() for name in column.input)
    ratio = first / second
    return np.log(ratio / lagged(ratio, column.window))


def _change(column: Column, bars: pd.DataFrame) -> Array:
    x = bars[column.input[0]]
    moved = (
        x.diff(column.window) if column.operator == "difference" else x.pct_change(column.window)
    )
    return moved.to_numpy()


def _overnight(_: Column, bars: pd.DataFrame) -> Array:
    return np.log(bars["open"] / bars["close"].shift()).to_numpy()


def _intraday(_: Column, bars: pd.DataFrame) -> Array:
    return np.log(bars["close"] / bars["open"]).to_numpy()


VALUES: dict[str, Callable[[Column, pd.DataFrame], Array]] = {
    "beta": _regression,
    "residual_volatility": _regression,
    "correlation": _correlation,
    "relative_strength": _relative_strength,
    "difference": _change,
    "rate_of_change": _change,
    "overnight_return": _overnight,
    "intraday_return": _intraday,
}
