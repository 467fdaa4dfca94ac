"""How far and how long a series of returns lies under its highest value."""

from dataclasses import dataclass

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


def average_drawdown(returns: Floats) -> float:
    """Return the mean drawdown over all periods, a positive fraction; NaN for an empty series or one with a NaN."""
    return float(np.mean(drawdowns(returns))) if returns.size else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawdownTable:
    """The d times that a series lay under its peak, deepest first; equal depths in order of time.

    Parameters
    ----------
    start, trough, end
        intp (d,): first period under the peak, the deepest (the first of equals), and the last.
    depth
        float64 (d,): drawdown at the trough, a positive fraction.
    length
        intp (d,): periods under the peak.
    is_recovered
        bool (d,): whether the period after ``end`` is at a peak again; False where the series ends.
    """

    start: NDArray[np.intp]
    trough: NDArray[np.intp]
    end: NDArray[np.intp]
    depth: Floats
    length: NDArray[np.intp]
    is_recovered: NDArray[np.bool_]


def drawdown_table(returns: Floats) -> DrawdownTable:
    """Return every drawdown of a series of simple returns, float64 (T,).

    Raises
    ------
    ValueError
        If a return is NaN or infinite: from there on no peak is known.
    """
    if not np.isfinite(returns).all():
        at = int(np.flatnonzero(~np.isfinite(returns))[0])
        raise ValueError(
            f"drawdown table: expected finite returns, saw {returns[at]} in period {at}; fill a "
            "session without a trade with 0 or cut the series there"
        )
    under = drawdowns(returns)
    edges = np.diff(np.concatenate(([0], (under > 0.0).astype(np.int8), [0])))
    start = np.flatnonzero(edges == 1)
    end = np.flatnonzero(edges == -1) - 1
    spans = zip(start.tolist(), end.tolist(), strict=True)
    trough = np.array([a + np.argmax(under[a : b + 1]) for a, b in spans], dtype=np.intp)
    order = np.argsort(-under[trough], kind="stable")
    start, trough, end = start[order], trough[order], end[order]
    return DrawdownTable(
        start=start,
        trough=trough,
        end=end,
        depth=under[trough],
        length=end - start + 1,
        is_recovered=end < returns.size - 1,
    )
