"""Volatility from open, high, low and close, from signed returns, and of volatility itself.

Each value is the root of a variance per bar. Definitions: ``alphaline.features.families.volatility``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.called import REST, mean_of_positive, moments, moments_places, root
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.layout import (
    CLOSE_PRICE,
    HIGH,
    KIND,
    LOW,
    OFFSET,
    OPEN_PRICE,
    PREVIOUS,
    RANGE,
    RETURN,
    WINDOW,
)

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

# Garman and Klass (1980), their practical estimator.
TWO_LOG_TWO_LESS_ONE = 2.0 * math.log(2.0) - 1.0

# Mean of the absolute value of a standard normal, squared and inverted.
HALF_PI = 0.5 * math.pi


@inlined
def _garman_klass(s: Row, base: int) -> float:
    inside = math.log(s[base + CLOSE_PRICE] / s[base + OPEN_PRICE])
    return float(0.5 * s[base + RANGE] - TWO_LOG_TWO_LESS_ONE * inside * inside)


@inlined
def _rogers_satchell(s: Row, base: int) -> float:
    up = math.log(s[base + HIGH] / s[base + OPEN_PRICE])
    down = math.log(s[base + LOW] / s[base + OPEN_PRICE])
    inside = math.log(s[base + CLOSE_PRICE] / s[base + OPEN_PRICE])
    return up * (up - inside) + down * (down - inside)


@compiled
def _yang_zhang(s: Row, base: int, offset: int, window: int, number: int) -> float:
    gap = math.log(s[base + OPEN_PRICE] / s[base + PREVIOUS])
    inside = math.log(s[base + CLOSE_PRICE] / s[base + OPEN_PRICE])
    second = offset + moments_places(window)
    _, gaps = moments(s, offset, window, number, gap)
    _, insides = moments(s, second, window, number, inside)
    within = _rogers_satchell(s, base)
    within = mean_of_positive(s, second + moments_places(window), window, number, within)
    # The weight that makes the variance least, with the constant that they advise.
    share = 0.34 / (1.34 + (window + 1.0) / (window - 1.0))
    return root((gaps + share * insides) / (window - 1.0) + (1.0 - share) * within)


@inlined
def _one_sided(s: Row, offset: int, window: int, number: int, change: float) -> float:
    one_sided = max(change, 0.0)
    return root(mean_of_positive(s, offset, window, number, one_sided * one_sided))


@inlined
def _bipower(s: Row, offset: int, window: int, number: int, change: float) -> float:
    before = s[offset]
    s[offset] = abs(change)
    if number == 0:
        return 0.0
    product = before * abs(change)
    return root(HALF_PI * mean_of_positive(s, offset + 1, window, number - 1, product))


@compiled
def _of_volatility(
    s: Row, offset: int, window: int, returns: int, number: int, change: float
) -> float:
    _, square = moments(s, offset, returns, number, change)
    if number < returns - 1:
        return 0.0
    deviation = math.sqrt(square / (returns - 1.0))
    second = offset + moments_places(returns)
    mean, square = moments(s, second, window, number - returns + 1, deviation)
    return math.sqrt(square / (window - 1.0)) / mean if mean > REST else 0.0


@compiled
def _of_returns(s: Row, base: int, table: Ints, j: int, number: int, p: Row) -> float:
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    change = s[base + RETURN]
    if kind == kinds.SEMIVOLATILITY_DOWN:
        return _one_sided(s, offset, window, number, -change)
    if kind == kinds.SEMIVOLATILITY_UP:
        return _one_sided(s, offset, window, number, change)
    if kind == kinds.BIPOWER_VOLATILITY:
        return _bipower(s, offset, window, number, change)
    if kind == kinds.REALISED_VOLATILITY:
        s[offset] += change * change
        return math.sqrt(s[offset])
    return _of_volatility(s, offset, window, int(p[j, 0]), number, change)


@compiled
def volatility(s: Row, base: int, table: Ints, j: int, number: int, p: Row) -> float:
    """Take the bar with this number (from 0); return the value of an operator of this family."""
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind == kinds.GARMAN_KLASS:
        return root(mean_of_positive(s, offset, window, number, _garman_klass(s, base)))
    if kind == kinds.ROGERS_SATCHELL:
        return root(mean_of_positive(s, offset, window, number, _rogers_satchell(s, base)))
    # The first bar after a reset has no bar before it.
    if number == 0:
        return 0.0
    if kind == kinds.YANG_ZHANG:
        return _yang_zhang(s, base, offset, window, number - 1)
    return _of_returns(s, base, table, j, number - 1, p)
