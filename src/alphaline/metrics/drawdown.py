"""How far and how long a series of returns lies under its highest value."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def drawdowns(returns: Floats) -> Floats:
    """Return the drawdown after each period, as a positive fraction of the highest value so far.

    Parameters
    ----------
    returns
        float64 (T,): simple returns per period, compounded. The value before the first is a peak too.
        From a NaN on the result is NaN.

    Returns
    -------
    float64 (T,)
        0 at a new peak, 1 where everything is lost.
    """
    value = np.cumprod(1.0 + returns)
    peak = np.maximum.accumulate(np.concatenate(([1.0], value)))[1:]
    under: Floats = 1.0 - value / peak
    return under


def max_drawdown(returns: Floats) -> float:
    """Return the deepest drawdown, a positive fraction; NaN for an empty series or one with a NaN."""
    return float(np.max(drawdowns(returns))) if returns.size else float("nan")


def longest_drawdown(returns: Floats) -> float:
    """Return the most periods in a row spent under a peak; NaN for an empty series or one with a NaN.

    A drawdown that has not ended by the last period counts as long as it has lasted.
    """
    if returns.size == 0 or np.isnan(returns).any():
        return float("nan")
    at_peak = np.flatnonzero(drawdowns(returns) <= 0.0)
    bounds = np.concatenate(([-1], at_peak, [returns.size]))
    return float(np.max(np.diff(bounds)) - 1)
