"""The headline figures of many return series at once, for resampling; one row is one series.

Each takes float64 (S, T) and returns float64 (S,), row by row equal to the measure of one series that it
is named after, NaN where that is NaN. Returns are simple ones per session.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.financial import SESSIONS_PER_YEAR

Floats = NDArray[np.float64]
RowMeasure = Callable[[Floats], Floats]

YEAR_ROOT = float(np.sqrt(SESSIONS_PER_YEAR))


def sharpe_ratio_rows(returns: Floats) -> Floats:
    """Return `alphaline.metrics.financial.sharpe_ratio` of each row."""
    return _over(np.mean(returns, axis=1) * YEAR_ROOT, _deviation(returns))


def sortino_ratio_rows(returns: Floats) -> Floats:
    """Return `alphaline.metrics.financial.sortino_ratio` of each row."""
    downside = np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2, axis=1))
    return _over(np.mean(returns, axis=1) * YEAR_ROOT, downside)


def annual_volatility_rows(returns: Floats) -> Floats:
    """Return `alphaline.metrics.financial.annual_volatility` of each row."""
    return _deviation(returns) * YEAR_ROOT


def compound_annual_growth_rate_rows(returns: Floats) -> Floats:
    """Return `alphaline.metrics.financial.compound_annual_growth_rate` of each row."""
    is_ruined = (returns < -1.0).any(axis=1)
    kept = np.where(is_ruined, np.nan, np.prod(1.0 + returns, axis=1))
    growth: Floats = kept ** (SESSIONS_PER_YEAR / returns.shape[1]) - 1.0
    return growth


def max_drawdown_rows(returns: Floats) -> Floats:
    """Return `alphaline.metrics.drawdown.max_drawdown` of each row."""
    value = np.cumprod(1.0 + returns, axis=1)
    peak = np.maximum(np.maximum.accumulate(value, axis=1), 1.0)
    deepest: Floats = np.max(1.0 - value / peak, axis=1)
    return deepest


HEADLINE: dict[str, RowMeasure] = {
    "sharpe_ratio": sharpe_ratio_rows,
    "sortino_ratio": sortino_ratio_rows,
    "annual_volatility": annual_volatility_rows,
    "compound_annual_growth_rate": compound_annual_growth_rate_rows,
    "maximum_drawdown": max_drawdown_rows,
}


def _deviation(returns: Floats) -> Floats:
    if returns.shape[1] < 2:
        return np.full(len(returns), np.nan)
    # The deviation of a constant row is rounding noise.
    is_constant = np.ptp(returns, axis=1) == 0.0
    return np.where(is_constant, 0.0, np.std(returns, axis=1, ddof=1))


def _over(over: Floats, under: Floats) -> Floats:
    ratio: Floats = over / np.where(under > 0.0, under, np.nan)
    return ratio
