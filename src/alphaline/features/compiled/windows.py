"""Rolling moments, means and extremes whose cost does not grow with the window.

Windows up to ``SMALL_WINDOW`` are read whole at each bar, oldest value first, in two passes around
the newest value: the result is a pure function of the window, exact for constants, and an outlier
leaves nothing behind once it has left. The ring is written twice, so that a window lies in one
piece; four accumulators in a fixed order take the place of one.

Larger windows are cut into blocks of one window's length (van Herk, 1992; Gil and Werman, 1993).
When a block is full it is turned, in place and from its end, into aggregates of its suffixes; a
window is then always one suffix of the block before and one prefix of the block being filled. Both
are made by adding values only, never by taking one away, so nothing drifts and an outlier has no
trace after it has left. Moments are kept as mean and sum of squared deviations and joined by the
formula of Chan, Golub and LeVeque (1979). The cost is amortised: one pass over a block per block.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled.jit import inlined
from alphaline.features.compiled.layout import SMALL_WINDOW

Row = NDArray[np.float64]


@inlined
def place_in(number: int, window: int) -> int:
    """Return ``number % window``, where both are below 2^32: dividing 64 bits takes twice as long."""
    return int(np.uint32(number) % np.uint32(window))


@inlined
def _small_moments(s: Row, offset: int, window: int, number: int, x: float) -> tuple[float, float]:
    place = offset + place_in(number, window)
    s[place] = x
    s[place + window] = x
    first = place + 1
    whole = first + window - window % 4
    a = b = c = d = 0.0
    for i in range(first, whole, 4):
        a += s[i] - x
        b += s[i + 1] - x
        c += s[i + 2] - x
        d += s[i + 3] - x
    for i in range(whole, first + window):
        a += s[i] - x
    mean = x + ((a + b) + (c + d)) / window
    a = b = c = d = 0.0
    for i in range(first, whole, 4):
        a += (s[i] - mean) * (s[i] - mean)
        b += (s[i + 1] - mean) * (s[i + 1] - mean)
        c += (s[i + 2] - mean) * (s[i + 2] - mean)
        d += (s[i + 3] - mean) * (s[i + 3] - mean)
    for i in range(whole, first + window):
        a += (s[i] - mean) * (s[i] - mean)
    return mean, (a + b) + (c + d)


@inlined
def _turn_moments(s: Row, means: int, window: int) -> None:
    squares = means + window
    mean = s[means + window - 1]
    square = 0.0
    for i in range(window - 2, -1, -1):
        x = s[means + i]
        deviation = x - mean
        mean += deviation / (window - i)
        square += deviation * (x - mean)
        s[means + i] = mean
        s[squares + i] = square


@inlined
def _large_moments(s: Row, offset: int, window: int, number: int, x: float) -> tuple[float, float]:
    means = offset + 2
    place = place_in(number, window)
    mean, square = x, 0.0
    if place > 0:
        deviation = x - s[offset]
        mean = s[offset] + deviation / (place + 1)
        square = s[offset + 1] + deviation * (x - mean)
    s[offset] = mean
    s[offset + 1] = square
    s[means + place] = x
    left = window - 1 - place
    if left == 0:
        _turn_moments(s, means, window)
        return mean, square
    apart = s[means + place + 1] - mean
    share = left / window
    joined = square + s[means + window + place + 1]
    return mean + apart * share, joined + apart * apart * share * (place + 1)


@inlined
def moments(s: Row, offset: int, window: int, number: int, x: float) -> tuple[float, float]:
    """Take ``x``, the value with this number (from 0); return mean and sum of squared deviations.

    Meaningful from ``number = window - 1`` on. Uses ``moments_size(window)`` places of ``s``.
    """
    if window <= SMALL_WINDOW:
        return _small_moments(s, offset, window, number, x)
    return _large_moments(s, offset, window, number, x)


def moments_size(window: int) -> int:
    """Return how many places ``moments`` uses."""
    return 2 * window if window <= SMALL_WINDOW else 2 + 2 * window


@inlined
def _small_mean(s: Row, offset: int, window: int, number: int, x: float) -> float:
    place = offset + place_in(number, window)
    s[place] = x
    s[place + window] = x
    first = place + 1
    whole = first + window - window % 4
    a = b = c = d = 0.0
    for i in range(first, whole, 4):
        a += s[i]
        b += s[i + 1]
        c += s[i + 2]
        d += s[i + 3]
    for i in range(whole, first + window):
        a += s[i]
    return ((a + b) + (c + d)) / window


@inlined
def _large_mean(s: Row, offset: int, window: int, number: int, x: float) -> float:
    values = offset + 1
    place = place_in(number, window)
    total = x
    if place > 0:
        total += s[offset]
    s[offset] = total
    s[values + place] = x
    if place == window - 1:
        for i in range(values + window - 2, values - 1, -1):
            s[i] += s[i + 1]
        return total / window
    return float((total + s[values + place + 1]) / window)


@inlined
def mean_of_positive(s: Row, offset: int, window: int, number: int, x: float) -> float:
    """Take ``x >= 0``, the value with this number (from 0); return the mean of the window.

    Cheaper than ``moments``; plain sums are exact enough where no sign cancels. Meaningful from
    ``number = window - 1`` on. Uses ``mean_size(window)`` places of ``s``.
    """
    if window <= SMALL_WINDOW:
        return _small_mean(s, offset, window, number, x)
    return _large_mean(s, offset, window, number, x)


def mean_size(window: int) -> int:
    """Return how many places ``mean_of_positive`` uses."""
    return 2 * window if window <= SMALL_WINDOW else 1 + window


@inlined
def extremes(
    s: Row, offset: int, window: int, number: int, low: float, high: float
) -> tuple[float, float]:
    """Take the low and high of the bar with this number (from 0); return those of the window.

    Blocks at every window: minimum and maximum are exact in any order. Meaningful from
    ``number = window - 1`` on. Uses ``extremes_size(window)`` places of ``s``.
    """
    lows = offset + 2
    highs = lows + window
    place = place_in(number, window)
    lowest, highest = low, high
    if place > 0:
        lowest = min(s[offset], low)
        highest = max(s[offset + 1], high)
    s[offset] = lowest
    s[offset + 1] = highest
    s[lows + place] = low
    s[highs + place] = high
    if place < window - 1:
        return min(lowest, s[lows + place + 1]), max(highest, s[highs + place + 1])
    for i in range(window - 2, -1, -1):
        s[lows + i] = min(s[lows + i], s[lows + i + 1])
        s[highs + i] = max(s[highs + i], s[highs + i + 1])
    return lowest, highest


def extremes_size(window: int) -> int:
    """Return how many places ``extremes`` uses."""
    return 2 + 2 * window
