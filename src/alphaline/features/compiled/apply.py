"""One operator on one closed bar: the switch that makes columns data."""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.families import of_family
from alphaline.features.compiled.inputs import input_value, own_number
from alphaline.features.compiled.jit import inlined, merged
from alphaline.features.compiled.kinds import FAMILIES
from alphaline.features.compiled.layout import (
    CLOSE_PRICE,
    COUNT,
    HIGH,
    INPUT,
    KIND,
    LOW,
    OFFSET,
    OWN,
    RANGE,
    RETURN,
    SECOND_INPUT,
    VOLUME,
    WINDOW,
)
from alphaline.features.compiled.recursive import ema, ewma_deviation, macd, rsi
from alphaline.features.compiled.windows import extremes, mean_of_positive, moments, place_in

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

# Variance of a Brownian motion from its range: Parkinson (1980).
FOUR_LOG_TWO = 4.0 * math.log(2.0)


@inlined
def _log_return(s: Row, offset: int, window: int, number: int, x: float) -> float:
    place = offset + place_in(number, window)
    before = s[place]
    s[place] = x
    return math.log(x / before) if before > 0.0 and x > 0.0 else math.nan


@inlined
def _vwap_distance(s: Row, offset: int, base: int) -> float:
    close = s[base + CLOSE_PRICE]
    typical = close + ((s[base + HIGH] - close) + (s[base + LOW] - close)) / 3.0
    s[offset + 1] += s[base + VOLUME]
    if s[offset + 1] <= 0.0:
        return math.nan
    # West (1979): a weighted mean that stays exact where nothing moves.
    s[offset] += (typical - s[offset]) * (s[base + VOLUME] / s[offset + 1])
    return float(close / s[offset] - 1.0)


@inlined
def _range_position(s: Row, offset: int, window: int, number: int, base: int) -> float:
    low, high = extremes(s, offset, window, number, s[base + LOW], s[base + HIGH])
    return (s[base + CLOSE_PRICE] - low) / (high - low) if high > low else 0.5


@inlined
def _moment_value(s: Row, offset: int, table: Ints, j: int, number: int, x: float) -> float:
    window = table[j, WINDOW]
    mean, square = moments(s, offset, window, number, x)
    kind = table[j, KIND]
    if kind == at.CLOSE_VOLATILITY:
        return math.sqrt(square / (window - 1))
    if kind == at.Z_SCORE:
        return (x - mean) / math.sqrt(square / (window - 1)) if square > 0.0 else 0.0
    if mean <= 0.0:
        return math.nan
    if kind == at.MEAN_DISTANCE:
        return x / mean - 1.0
    return math.sqrt(square / (window - 1)) / mean


@inlined
def _macd_value(s: Row, offset: int, kind: int, number: int, x: float, p: Row, j: int) -> float:
    line, signal = macd(s, offset, number, x, p[j, 0], p[j, 1], p[j, 2])
    if x <= 0.0:
        return math.nan
    if kind == at.MACD_LINE:
        return line / x
    if kind == at.MACD_SIGNAL:
        return signal / x
    return (line - signal) / x


@merged
def _return_value(
    s: Row, offset: int, table: Ints, j: int, number: int, base: int, p: Row
) -> float:
    # The first bar after a reset has no return.
    if number == 0:
        return 0.0
    if table[j, KIND] == at.EWMA_VOLATILITY:
        return ewma_deviation(s, offset, s[base + RETURN], p[j, 0])
    return _moment_value(s, offset, table, j, number - 1, s[base + RETURN])


@merged
def _of_input(s: Row, table: Ints, j: int, number: int, x: float, p: Row) -> float:
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind == at.LOG_RETURN:
        return _log_return(s, offset, window, number, x)
    if kind == at.EMA_DISTANCE:
        mean = ema(s, offset, number, x, p[j, 0])
        return float(x / mean - 1.0) if mean > 0.0 else math.nan
    if kind == at.RSI:
        return rsi(s, offset, window, number, x)
    if at.MACD_LINE <= kind <= at.MACD_HISTOGRAM:
        return _macd_value(s, offset, kind, number, x, p, j)
    return _moment_value(s, offset, table, j, number, x)


@merged
def _of_whole_bar(s: Row, offset: int, kind: int, window: int, number: int, base: int) -> float:
    if kind == at.RANGE_POSITION:
        return _range_position(s, offset, window, number, base)
    if kind == at.VWAP_DISTANCE:
        return _vwap_distance(s, offset, base)
    mean = mean_of_positive(s, offset, window, number, s[base + RANGE])
    return math.sqrt(mean / FOUR_LOG_TWO)


@merged
def apply(s: Row, base: int, table: Ints, j: int, p: Row, observed: Row) -> float:
    """Take the bar that the clock at ``base`` has closed; return the operator's value.

    Parameters
    ----------
    s
        State row of the instrument.
    base
        Offset of the clock; its count already includes the bar.
    table, j, p
        The table of operators, the row in it, and the parameters by row.
    observed
        Value and age of each series as known when the bar closes.
    """
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    number = int(s[base + COUNT]) - 1
    if table[j, OWN] > 0:
        number = own_number(s, table, j, observed)
        if number < 0:
            return math.nan
    if kind >= FAMILIES:
        x = input_value(s, base, table[j, INPUT], observed)
        y = input_value(s, base, table[j, SECOND_INPUT], observed)
        return of_family(s, base, table, j, number, x, y, p)
    if kind in (at.CLOSE_VOLATILITY, at.EWMA_VOLATILITY):
        return _return_value(s, offset, table, j, number, base, p)
    if kind in (at.RANGE_POSITION, at.PARKINSON_VOLATILITY, at.VWAP_DISTANCE):
        return _of_whole_bar(s, offset, kind, window, number, base)
    x = input_value(s, base, table[j, INPUT], observed)
    return _of_input(s, table, j, number, x, p)
