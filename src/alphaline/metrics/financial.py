"""What a strategy earned, at what variability and at what cost.

Returns are simple returns per period, net of costs unless said otherwise. A NaN in the input makes
the result NaN: a return that is missing is not a return of zero. A measure that is not defined for
its input (zero variance, no loss to divide by, too few values) is NaN too.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.drawdown import max_drawdown

Floats = NDArray[np.float64]

SESSIONS_PER_YEAR = 252
NAN = math.nan


def returns_of(value: Floats, capital: float) -> Floats:
    """Return the simple return of each period on the value before it, the first on ``capital``.

    Parameters
    ----------
    value
        float64 (T,): what an account or a holding was worth at the end of each period.
    capital
        What it was worth before the first, in the same unit.

    Returns
    -------
    float64 (T,)
        NaN where the value before was zero or less.
    """
    before = np.r_[capital, value[:-1]]
    returns = np.full(len(value), np.nan)
    np.divide(value - before, before, out=returns, where=before > 0.0)
    return returns


def sharpe_ratio(returns: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    r"""Return the annualised Sharpe ratio :math:`\bar r / s \cdot \sqrt{periods}`.

    ``s`` is the sample deviation (T - 1).

    Parameters
    ----------
    returns
        float64 (T,), taken as they are: for Sharpe's own ratio hand over returns in excess of the
        risk-free rate. Those of studies and accounts are not; their cash earns nothing.
    periods
        Periods in a year.

    Returns
    -------
    float
        NaN below two values or without variance.

    References
    ----------
    Sharpe, W. (1994), "The Sharpe Ratio", *Journal of Portfolio Management* 21(1).
    """
    if returns.size < 2:
        return NAN
    return _ratio(float(np.mean(returns)) * math.sqrt(periods), _deviation(returns))


def annual_volatility(returns: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    """Return the annualised sample deviation of the returns; NaN below two values."""
    return _deviation(returns) * math.sqrt(periods)


def sortino_ratio(returns: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    r"""Return the annualised mean over the downside deviation :math:`\sqrt{E[\min(r, 0)^2]}`.

    NaN for an empty series and for one without a loss.

    References
    ----------
    Sortino, F. and Price, L. (1994), "Performance Measurement in a Downside Risk Framework".
    """
    if returns.size == 0:
        return NAN
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    return _ratio(float(np.mean(returns)) * math.sqrt(periods), downside)


def compound_annual_growth_rate(returns: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    """Return the constant yearly return with the same final value; NaN for an empty series.

    A series that loses everything has -1; one that loses more than everything is NaN.
    """
    return _final_value(returns) ** (periods / returns.size) - 1.0 if returns.size else NAN


def total_return(returns: Floats) -> float:
    """Return the compounded return of all periods; NaN for an empty series.

    NaN where a period loses more than everything: nothing is left that a later one could multiply.
    """
    return _final_value(returns) - 1.0


def calmar_ratio(returns: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    """Return compound annual growth over maximum drawdown; NaN without a drawdown."""
    return _ratio(compound_annual_growth_rate(returns, periods), max_drawdown(returns))


def omega_ratio(returns: Floats, threshold: float = 0.0) -> float:
    r"""Return the gains above ``threshold`` over the losses below it, both summed over periods.

    :math:`\sum \max(r - L, 0) / \sum \max(L - r, 0)` with the per-period threshold L. NaN for an empty
    series and without a loss. empyrical asks for two values and takes its threshold per year.

    References
    ----------
    Keating, C. and Shadwick, W. (2002), "A Universal Performance Measure", *Journal of Performance
    Measurement* 6(3).
    """
    above = returns - threshold
    return _ratio(float(np.sum(np.maximum(above, 0.0))), float(-np.sum(np.minimum(above, 0.0))))


def profit_factor(trades: Floats) -> float:
    """Return the sum of gains over the sum of losses of the trades' profits, in any one unit.

    NaN without a loss.
    """
    return _ratio(float(np.sum(np.maximum(trades, 0.0))), float(-np.sum(np.minimum(trades, 0.0))))


def hit_rate(trades: Floats) -> float:
    """Return the share of trades with a profit above zero; NaN without a trade."""
    if trades.size == 0 or np.isnan(trades).any():
        return NAN
    return float(np.mean(trades > 0.0))


def round_trips(trades: Floats) -> float:
    """Return how many trades there are, each of which opens and closes a position."""
    return float(trades.size)


def turnover(traded: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    """Return how often the capital is traded in a year, buys and sells added.

    Parameters
    ----------
    traded
        float64 (T,): absolute notional traded in each period, as a fraction of the capital.
    """
    return float(np.mean(traded)) * periods if traded.size else NAN


def exposure(held_ns: int, open_ns: int) -> float:
    """Return the share of the market's open time in which a position was held; NaN if never open.

    Parameters
    ----------
    held_ns, open_ns
        Nanoseconds with a position, and nanoseconds in which one could have been held.
    """
    return held_ns / open_ns if open_ns > 0 else NAN


def cost_share(gross: Floats, costs: Floats) -> float:
    """Return the share of the winning trades' gross profit that all trades' costs take.

    Above 1, costs exceed all that was ever won. NaN where no trade won before costs.

    Parameters
    ----------
    gross, costs
        float64 (n,): profit before costs and costs (positive) of each trade, in one unit.
    """
    return _ratio(float(np.sum(costs)), float(np.sum(np.maximum(gross, 0.0))))


def _final_value(returns: Floats) -> float:
    if returns.size == 0 or (returns < -1.0).any():
        return NAN
    return float(np.prod(1.0 + returns))


def _deviation(returns: Floats) -> float:
    if returns.size < 2:
        return NAN
    # The deviation of a constant series is rounding noise, and a ratio over it a huge nonsense.
    return 0.0 if np.ptp(returns) == 0.0 else float(np.std(returns, ddof=1))


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0.0 else NAN
