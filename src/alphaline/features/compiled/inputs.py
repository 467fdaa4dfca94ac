"""What an operator reads of a bar: a field of it, or a series that was observed beside it."""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.layout import INPUT, OFFSET, OWN, SECOND_INPUT

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def input_value(s: Row, base: int, place: int, observed: Row) -> float:
    """Return the field at ``place`` of the clock at ``base``, or the series that ``place`` stands for."""
    if place >= at.SERIES:
        return float(observed[2 * (place - at.SERIES)])
    return float(s[base + place])


@inlined
def _is_missing(place: int, observed: Row) -> bool:
    return place >= at.SERIES and math.isnan(observed[2 * (place - at.SERIES)])


@inlined
def _is_stale(place: int, observed: Row, max_age: int) -> bool:
    return place >= at.SERIES and observed[2 * (place - at.SERIES) + 1] > max_age


@compiled
def own_number(s: Row, table: Ints, j: int, observed: Row) -> int:
    """Count the bar for operator ``j`` alone; return its number (from 0), -1 where an input is missing.

    An operator whose input is missing, or too old, forgets everything and starts anew.
    """
    offset, first, second = table[j, OFFSET], table[j, INPUT], table[j, SECOND_INPUT]
    missing = _is_missing(first, observed) or _is_missing(second, observed)
    max_age = table[j, at.MAX_AGE]
    stale = _is_stale(first, observed, max_age) or _is_stale(second, observed, max_age)
    if missing or stale:
        s[offset : offset + table[j, OWN]] = 0.0
        s[offset - 1] = 0.0 if missing else at.STALE
        return -1
    number = max(int(s[offset - 1]), 0)
    s[offset - 1] = number + 1
    return number
