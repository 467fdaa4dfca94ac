"""Operators of trend and momentum by plain numpy and, for Wilder's, by the recipe of his book."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column
from tests.unit.features.families.rolling import at_rest, changes, lagged, windows

Array = NDArray[np.float64]


def _wilder_sum(x: Array, w: int) -> Array:
    found = np.full(len(x), np.nan)
    total = x[1:w].sum()
    for i in range(w, len(x)):
        total = total * (w - 1) / w + x[i]
        found[i] = total
    return found


def _quotient(part: Array, whole: Array) -> Array:
    nothing = whole == 0
    return np.where(nothing, 0.0, 100 * part / np.where(nothing, 1.0, whole))


def _indicators(column: Column, bars: pd.DataFrame) -> tuple[Array, Array]:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    up, down = high - lagged(high, 1), lagged(low, 1) - low
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    before = lagged(close, 1)
    true_range = np.max([high - low, abs(high - before), abs(low - before)], axis=0)
    total = _wilder_sum(true_range, column.window)
    return tuple(_quotient(_wilder_sum(m, column.window), total) for m in (plus, minus))  # type: ignore[return-value]


def _plus_di(column: Column, bars: pd.DataFrame) -> Array:
    return _indicators(column, bars)[0]


def _minus_di(column: Column, bars: pd.DataFrame) -> Array:
    return _indicators(column, bars)[1]


def _adx(column: Column, bars: pd.DataFrame) -> Array:
    plus, minus = _indicators(column, bars)
    index, w = _quotient(abs(plus - minus), plus + minus), column.window
    found = np.full(len(index), np.nan)
    if len(index) >= 2 * w:
        found[2 * w - 1] = index[w : 2 * w].mean()
    for i in range(2 * w, len(index)):
        found[i] = (found[i - 1] * (w - 1) + index[i]) / w
    return found


def _ages(found: Array) -> Array:
    # argmax gives the first: of the window turned round, that is the latest.
    ages = found[:, ::-1].argmax(axis=1).astype(float)
    ages[np.isnan(found).any(axis=1)] = np.nan
    return ages


def _aroon(column: Column, bars: pd.DataFrame) -> Array:
    w = column.window
    up = 100 * (w - _ages(windows(bars["high"].to_numpy(), w + 1))) / w
    down = 100 * (w - _ages(-windows(bars["low"].to_numpy(), w + 1))) / w
    return {"aroon_up": up, "aroon_down": down, "aroon_oscillator": up - down}[column.operator]


def _extremes(column: Column, bars: pd.DataFrame) -> tuple[Array, Array, Array]:
    low = windows(bars["low"].to_numpy(), column.window).min(axis=1)
    high = windows(bars["high"].to_numpy(), column.window).max(axis=1)
    return low, high, bars["close"].to_numpy()


def _distance(column: Column, bars: pd.DataFrame) -> Array:
    low, high, close = _extremes(column, bars)
    return (close - high) / high if column.operator == "high_distance" else (close - low) / low


def _stochastic(column: Column, bars: pd.DataFrame) -> Array:
    low, high, close = _extremes(column, bars)
    flat = high == low
    k = np.where(flat, 50.0, 100 * (close - low) / np.where(flat, 1.0, high - low))
    if column.operator == "stochastic_k":
        return k
    return windows(k, int(column.parameters[0])).mean(axis=1)


def _momentum(column: Column, bars: pd.DataFrame) -> Array:
    w, skip = column.window, int(column.parameters[0])
    x = bars[column.input[0]].to_numpy()
    found = np.log(lagged(x, skip) / lagged(x, w))
    if column.operator == "momentum":
        return found
    r = windows(changes(x), w)
    rest = at_rest(r)
    return np.where(
        rest, 0.0, found / np.where(rest, 1.0, r.std(axis=1, ddof=1)) / (w - skip) ** 0.5
    )


def _line(column: Column, bars: pd.DataFrame) -> Array:
    found = np.full(len(bars), np.nan)
    time = np.arange(column.window)
    for i, y in enumerate(windows(np.log(bars[column.input[0]].to_numpy()), column.window)):
        if np.isnan(y).any():
            continue
        slope, level = np.polyfit(time, y - y[0], 1)
        left = ((y - y[0] - level - slope * time) ** 2).sum()
        whole = y.var() * len(y)
        fit = 0.0 if y.std() <= 1e-14 else 1 - left / whole
        found[i] = slope if column.operator == "trend_slope" else fit
    return found


VALUES: dict[str, Callable[[Column, pd.DataFrame], Array]] = {
    "plus_di": _plus_di,
    "minus_di": _minus_di,
    "adx": _adx,
    "aroon_up": _aroon,
    "aroon_down": _aroon,
    "aroon_oscillator": _aroon,
    "high_distance": _distance,
    "low_distance": _distance,
    "stochastic_k": _stochastic,
    "stochastic_d": _stochastic,
    "momentum": _momentum,
    "scaled_momentum": _momentum,
    "trend_slope": _line,
    "trend_fit": _line,
}
