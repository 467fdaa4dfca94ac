"""One series against another: beta, correlation, residual volatility, relative strength.

Definitions: ``alphaline.features.families.cross_asset``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.called import log_ratio, moved, root
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.joint import Joint, joint
from alphaline.features.compiled.layout import KIND, OFFSET, WINDOW

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def correlation(pairs: Joint, window: int) -> float:
    """Return the correlation of pairs of log changes; 0 where either did not move."""
    if not (moved(pairs[2], window) and moved(pairs[3], window)):
        return 0.0
    found = pairs[4] / math.sqrt(pairs[2]) / math.sqrt(pairs[3])
    # Rounding may carry a perfect correlation past one; comparisons leave NaN alone.
    if found > 1.0:
        return 1.0
    return -1.0 if found < -1.0 else found


@compiled
def _relative_strength(s: Row, offset: int, window: int, number: int, x: float, y: float) -> float:
    place = offset + number % window
    before, other = s[place], s[place + window]
    s[place], s[place + window] = x, y
    return log_ratio(x, before) - log_ratio(y, other)


@inlined
def _regressed(kind: int, window: int, pairs: Joint) -> float:
    squares, index, product = pairs[2], pairs[3], pairs[4]
    beta = product / index if moved(index, window) else 0.0
    if kind == kinds.BETA:
        return beta
    return root((squares - beta * product) / (window - 2.0)) if moved(squares, window) else 0.0


@compiled
def cross_asset(s: Row, table: Ints, j: int, number: int, x: float, y: float) -> float:
    """Take both inputs of bar ``number`` (from 0); return the value of an operator of this family."""
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind == kinds.RELATIVE_STRENGTH:
        return _relative_strength(s, offset, window, number, x, y)
    change, other = log_ratio(x, s[offset]), log_ratio(y, s[offset + 1])
    s[offset], s[offset + 1] = x, y
    if number == 0:
        return 0.0
    pairs = joint(s, offset + 2, window, number - 1, change, other)
    if kind == kinds.CORRELATION:
        return correlation(pairs, window)
    return _regressed(kind, window, pairs)
