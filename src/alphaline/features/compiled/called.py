"""The windows as functions that are called rather than inlined, and logarithms of ratios.

The families of operators use each window many times over. Inlining every use would make the cold
compile several times as long; a call costs a few nanoseconds per bar and operator.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import windows
from alphaline.features.compiled.jit import compiled, inlined

Row = NDArray[np.float64]

# Standard deviation of log changes below which nothing moved: what rounding alone makes of changes
# that are equal (the logarithm of a ratio is off by 1e-16, whatever the unit), with room.
REST = 1e-14


@compiled
def moments(s: Row, offset: int, window: int, number: int, x: float) -> tuple[float, float]:
    """Call ``windows.moments``."""
    return windows.moments(s, offset, window, number, x)


@compiled
def mean_of_positive(s: Row, offset: int, window: int, number: int, x: float) -> float:
    """Call ``windows.mean_of_positive``."""
    return windows.mean_of_positive(s, offset, window, number, x)


@compiled
def extremes(
    s: Row, offset: int, window: int, number: int, low: float, high: float
) -> tuple[float, float]:
    """Call ``windows.extremes``."""
    return windows.extremes(s, offset, window, number, low, high)


# The places of the windows, as compiled code asks for them.
moments_places = inlined(windows.moments_size)
mean_places = inlined(windows.mean_size)
extremes_places = inlined(windows.extremes_size)


@inlined
def log_ratio(x: float, before: float) -> float:
    """Return the log change from ``before`` to ``x``; NaN unless both are positive."""
    return math.log(x / before) if x > 0.0 and before > 0.0 else math.nan


@inlined
def moved(square: float, count: float) -> bool:
    """Return whether log changes with this sum of squared deviations moved; true for NaN."""
    return not square <= count * REST * REST


@inlined
def root(x: float) -> float:
    """Return the square root of what is not negative but for rounding; NaN stays NaN."""
    return 0.0 if x < 0.0 else math.sqrt(x)
