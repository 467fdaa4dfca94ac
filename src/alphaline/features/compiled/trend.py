"""Trend and momentum: directional movement, stochastics, Aroon, momentum, distance from extremes.

Definitions: ``alphaline.features.families.trend``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.ages import ages
from alphaline.features.compiled.called import (
    extremes,
    extremes_places,
    log_ratio,
    mean_of_positive,
    moments,
    moved,
)
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.joint import joint
from alphaline.features.compiled.layout import (
    CLOSE_PRICE,
    HIGH,
    KIND,
    LOW,
    OFFSET,
    PREVIOUS,
    WINDOW,
)

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def _smooth(s: Row, place: int, window: int, number: int, x: float) -> None:
    # Wilder's sums start as the plain sum of the first window - 1 values.
    s[place] += x if number < window else x - s[place] / window


@inlined
def _move(s: Row, base: int, offset: int) -> tuple[float, float]:
    up = s[base + HIGH] - s[offset]
    down = s[offset + 1] - s[base + LOW]
    return up if up > max(down, 0.0) else 0.0, down if down > max(up, 0.0) else 0.0


@inlined
def _mean_index(s: Row, place: int, window: int, number: int, index: float) -> None:
    # The mean of the first window indices, from bar number window on, then Wilder's.
    if window <= number < 2 * window:
        s[place] += index / window
    elif number >= 2 * window:
        s[place] += (index - s[place]) / window


@compiled
def _direction(s: Row, base: int, kind: int, offset: int, window: int, number: int) -> float:
    if number > 0:
        up, down = _move(s, base, offset)
        before = s[base + PREVIOUS]
        height = max(s[base + HIGH], before) - min(s[base + LOW], before)
        _smooth(s, offset + 2, window, number, height)
        _smooth(s, offset + 3, window, number, up)
        _smooth(s, offset + 4, window, number, down)
    s[offset], s[offset + 1] = s[base + HIGH], s[base + LOW]
    ranges, ups, downs = s[offset + 2], s[offset + 3], s[offset + 4]
    both = ups + downs
    index = 100.0 * abs(ups - downs) / both if both > 0.0 else 0.0
    _mean_index(s, offset + 5, window, number, index)
    if kind == kinds.ADX:
        return float(s[offset + 5])
    if ranges <= 0.0:
        return 0.0
    return float(100.0 * (ups if kind == kinds.PLUS_DI else downs) / ranges)


@compiled
def _aroon(s: Row, base: int, kind: int, offset: int, window: int, number: int) -> float:
    low, high = ages(s, offset, window + 1, number, s[base + LOW], s[base + HIGH])
    if kind == kinds.AROON_UP:
        return 100.0 * (window - high) / window
    if kind == kinds.AROON_DOWN:
        return 100.0 * (window - low) / window
    return 100.0 * (low - high) / window


@compiled
def _among_extremes(
    s: Row, base: int, kind: int, offset: int, window: int, number: int, p: float
) -> float:
    low, high = extremes(s, offset, window, number, s[base + LOW], s[base + HIGH])
    close = s[base + CLOSE_PRICE]
    if kind == kinds.HIGH_DISTANCE:
        return float(close / high - 1.0)
    # The window's low is zero until the window is full once.
    if kind == kinds.LOW_DISTANCE:
        return close / low - 1.0 if low > 0.0 else 0.0
    position = 100.0 * (close - low) / (high - low) if high > low else 50.0
    if kind == kinds.STOCHASTIC_K:
        return position
    if number < window - 1:
        return 0.0
    means = offset + extremes_places(window)
    return mean_of_positive(s, means, int(p), number - window + 1, position)


@compiled
def _momentum(
    s: Row, kind: int, offset: int, window: int, number: int, x: float, skip: int
) -> float:
    ring = window + 1
    before = s[offset + (number + window) % ring]
    s[offset + number % ring] = x
    skipped = log_ratio(s[offset + (number + ring - skip) % ring], s[offset + (number + 1) % ring])
    if kind == kinds.MOMENTUM:
        return skipped
    if number == 0:
        return 0.0
    _, square = moments(s, offset + ring, window, number - 1, log_ratio(x, before))
    if not moved(square, window):
        return 0.0
    return skipped / math.sqrt(square / (window - 1.0) * (window - skip))


@compiled
def _line(s: Row, kind: int, offset: int, window: int, number: int, x: float) -> float:
    level = math.log(x) if x > 0.0 else math.nan
    _, _, times, levels, product = joint(s, offset, window, number, float(number), level)
    # Until the window is full there may be one bar only.
    if times <= 0.0:
        return 0.0
    if kind == kinds.TREND_SLOPE:
        return product / times
    return product * product / (times * levels) if moved(levels, window) else 0.0


@compiled
def trend(s: Row, base: int, table: Ints, j: int, number: int, x: float, p: Row) -> float:
    """Take the bar with this number (from 0); return the value of an operator of this family."""
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind <= kinds.MINUS_DI:
        return _direction(s, base, kind, offset, window, number)
    if kind <= kinds.AROON_OSCILLATOR:
        return _aroon(s, base, kind, offset, window, number)
    if kind <= kinds.STOCHASTIC_D:
        return _among_extremes(s, base, kind, offset, window, number, p[j, 0])
    if kind <= kinds.SCALED_MOMENTUM:
        return _momentum(s, kind, offset, window, number, x, int(p[j, 0]))
    return _line(s, kind, offset, window, number, x)
