"""The families of operators beyond the first ones: one more switch, outside the hot path."""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.change import change
from alphaline.features.compiled.cross_asset import cross_asset
from alphaline.features.compiled.jit import compiled
from alphaline.features.compiled.layout import KIND
from alphaline.features.compiled.liquidity import liquidity
from alphaline.features.compiled.statistics import statistics
from alphaline.features.compiled.trend import trend
from alphaline.features.compiled.volatility import volatility

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def of_family(
    s: Row, base: int, table: Ints, j: int, number: int, x: float, y: float, p: Row
) -> float:
    """Return the value of an operator whose kind is ``kinds.FAMILIES`` or above.

    Parameters
    ----------
    s, base, table, j, p
        As ``apply`` takes them.
    number
        Number of the bar since the operator started, from 0.
    x, y
        First and second input, where the operator has them.
    """
    kind = table[j, KIND]
    if kind < kinds.TREND:
        return volatility(s, base, table, j, number, p)
    if kind < kinds.LIQUIDITY:
        return trend(s, base, table, j, number, x, p)
    if kind < kinds.STATISTICS:
        return liquidity(s, base, table, j, number)
    if kind < kinds.CROSS_ASSET:
        return statistics(s, table, j, number, x, p)
    if kind < kinds.CHANGE:
        return cross_asset(s, table, j, number, x, y)
    return change(s, base, table, j, number, x)
