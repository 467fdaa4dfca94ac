"""Plain changes of an input, and of a bar against the bar before and against its own open.

Definitions: ``alphaline.features.families.change``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.jit import compiled
from alphaline.features.compiled.layout import (
    CLOSE_PRICE,
    KIND,
    OFFSET,
    OPEN_PRICE,
    PREVIOUS,
    WINDOW,
)

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def change(s: Row, base: int, table: Ints, j: int, number: int, x: float) -> float:
    """Take the bar with this number (from 0); return the value of an operator of this family."""
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind == kinds.INTRADAY_RETURN:
        return math.log(s[base + CLOSE_PRICE] / s[base + OPEN_PRICE])
    if kind == kinds.OVERNIGHT_RETURN:
        return math.log(s[base + OPEN_PRICE] / s[base + PREVIOUS]) if number > 0 else 0.0
    place = offset + number % window
    before = s[place]
    s[place] = x
    if kind == kinds.DIFFERENCE:
        return float(x - before)
    return x / before - 1.0 if before > 0.0 else math.nan
