"""Statistics of the log changes of an input: dependence, roughness, surprise, shape, memory.

Definitions: ``alphaline.features.families.statistics``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.called import log_ratio, moments, moments_places, moved
from alphaline.features.compiled.cross_asset import correlation
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.joint import joint
from alphaline.features.compiled.layout import KIND, OFFSET, WINDOW
from alphaline.features.compiled.shape import shape
from alphaline.features.compiled.sizes import HURST_LAGS, HURST_REACH, WORDS

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

LOG_WORDS = math.log(9.0)


@compiled
def _autocorrelation(s: Row, offset: int, window: int, lag: int, number: int, x: float) -> float:
    # Behind the last x lie the last changes; the lag is at most the window.
    change = log_ratio(x, s[offset])
    s[offset] = x
    if number == 0:
        return 0.0
    place = offset + 1 + (number - 1) % lag
    before = s[place]
    s[place] = change
    if number <= lag:
        return 0.0
    pairs = joint(s, offset + 1 + window, window, number - 1 - lag, change, before)
    return correlation(pairs, window)


@compiled
def _hurst(s: Row, offset: int, window: int, number: int, x: float) -> float:
    sizes = moments_places(window)
    slope = 0.0
    resting = False
    for i in range(HURST_LAGS):
        lag = 1 << i
        if number < lag:
            break
        change = log_ratio(x, s[offset + (number - lag) % HURST_REACH])
        block = offset + HURST_REACH + i * sizes
        _, square = moments(s, block, window, number - lag, change)
        if moved(square, window):
            # The lags' logarithms are 0, 1, 2, 3 times ln 2: least squares on them.
            slope += (2.0 * i - 3.0) * math.log(square)
        else:
            resting = True
    s[offset + number % HURST_REACH] = x
    return 0.5 if resting else slope / (20.0 * math.log(2.0))


@inlined
def _sign(x: float, before: float) -> int:
    if x > before:
        return 2
    return 0 if x < before else 1


@compiled
def _entropy(s: Row, offset: int, window: int, number: int, x: float) -> float:
    # The last x, its sign and the counts of the words; then the words of the window.
    counts, words = offset + 2, offset + 2 + WORDS
    sign = _sign(x, s[offset])
    word = 3 * int(s[offset + 1]) + sign
    s[offset], s[offset + 1] = x, sign
    if number < 2:
        return 0.0
    place = words + (number - 2) % window
    if number >= window + 2:
        s[counts + int(s[place])] -= 1.0
    s[place] = word
    s[counts + word] += 1.0
    total = 0.0
    for i in range(WORDS):
        if s[counts + i] > 0.0:
            total += s[counts + i] * math.log(window / s[counts + i])
    return total / (window * LOG_WORDS)


@compiled
def _fractional(s: Row, offset: int, window: int, number: int, x: float, order: float) -> float:
    # Behind the ring of logarithms lie the weights, newest first.
    weights = offset + window
    if number == 0:
        s[weights] = 1.0
        for k in range(1, window):
            s[weights + k] = s[weights + k - 1] * (k - 1.0 - order) / k
    s[offset + number % window] = math.log(x) if x > 0.0 else math.nan
    if number < window - 1:
        return 0.0
    oldest = s[offset + (number + 1) % window]
    total = 0.0
    place = number % window
    for k in range(window):
        total += s[weights + k] * (s[offset + place] - oldest)
        place = place - 1 if place > 0 else window - 1
    return total


@compiled
def _shape(s: Row, kind: int, offset: int, window: int, number: int, x: float) -> float:
    change = log_ratio(x, s[offset])
    s[offset] = x
    if number == 0:
        return 0.0
    _, square, cube, fourth = shape(s, offset + 1, window, number - 1, change)
    n = float(window)
    if not moved(square, n):
        return 0.0
    variance = square / (n - 1.0)
    if kind == kinds.SKEWNESS:
        return n * cube / ((n - 1.0) * (n - 2.0) * variance * math.sqrt(variance))
    scaled = n * (n + 1.0) * fourth / ((n - 1.0) * variance * variance)
    return (scaled - 3.0 * (n - 1.0) * (n - 1.0)) / ((n - 2.0) * (n - 3.0))


@compiled
def _variance_ratio(s: Row, offset: int, window: int, lag: int, number: int, x: float) -> float:
    # A ring of the last values; the lag is less than the window.
    before = s[offset + (number + window - 1) % window]
    far = s[offset + (number + window - lag) % window]
    s[offset + number % window] = x
    if number == 0:
        return 0.0
    blocks = offset + window
    mean, square = moments(s, blocks, window, number - 1, log_ratio(x, before))
    if number < lag:
        return 0.0
    count = window - lag + 1
    second = blocks + moments_places(window)
    long_mean, long_square = moments(s, second, count, number - lag, log_ratio(x, far))
    if not moved(square, window):
        return 1.0
    apart = long_mean - lag * mean
    # Lo and MacKinlay (1988): overlapping changes, around the mean of the window, without bias.
    freedom = lag * count * (1.0 - lag / window)
    return (long_square + count * apart * apart) / freedom / (square / (window - 1.0))


@compiled
def statistics(s: Row, table: Ints, j: int, number: int, x: float, p: Row) -> float:
    """Take the input of bar ``number`` (from 0); return the value of an operator of this family."""
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind == kinds.AUTOCORRELATION:
        return _autocorrelation(s, offset, window, int(p[j, 0]), number, x)
    if kind == kinds.HURST:
        return _hurst(s, offset, window, number, x)
    if kind == kinds.SIGN_ENTROPY:
        return _entropy(s, offset, window, number, x)
    if kind == kinds.FRACTIONAL_DIFFERENCE:
        return _fractional(s, offset, window, number, x, p[j, 0])
    if kind == kinds.VARIANCE_RATIO:
        return _variance_ratio(s, offset, window, int(p[j, 0]), number, x)
    return _shape(s, kind, offset, window, number, x)
