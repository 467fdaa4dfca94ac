"""What a strategy earned beside a benchmark or a baseline, period by period.

Both series are simple returns of the same periods, float64 (T,). The models that these measures come from
mean returns in excess of the risk-free rate; nothing is taken off here, and what studies and accounts hand
over is not in excess: their cash earns nothing. A NaN in either makes the result NaN: leaving the period
out of one series only would compare different times.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.financial import SESSIONS_PER_YEAR, sharpe_ratio

Floats = NDArray[np.float64]

NAN = math.nan


def beta(returns: Floats, benchmark: Floats) -> float:
    """Return the slope of the regression of ``returns`` on ``benchmark`` (CAPM beta).

    NaN below two periods and where the benchmark has no variance. empyrical defines the same slope and
    leaves out periods with a NaN; here such a series has no beta.

    Raises
    ------
    ValueError
        If the series differ in length.

    References
    ----------
    Sharpe, W. (1964), "Capital Asset Prices", *Journal of Finance* 19(3).
    """
    _require_pairs(returns, benchmark)
    if returns.size < 2 or np.isnan(returns).any() or not _varies(benchmark):
        return NAN
    centred = benchmark - np.mean(benchmark)
    return float(centred @ returns / (centred @ centred))


def alpha(returns: Floats, benchmark: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    r"""Return the intercept of the regression on ``benchmark``, compounded to a year.

    :math:`(1 + a)^{periods} - 1` with :math:`a = \bar r - \beta\,\bar b` (Jensen's alpha). NaN where
    `beta` is, and where :math:`a` is below -1: less than everything cannot be compounded.

    References
    ----------
    Jensen, M. (1968), "The Performance of Mutual Funds in the Period 1945-1964", *Journal of Finance* 23(2).
    """
    slope = beta(returns, benchmark)
    if math.isnan(slope):
        return NAN
    intercept = float(np.mean(returns)) - slope * float(np.mean(benchmark))
    return (1.0 + intercept) ** periods - 1.0 if intercept >= -1.0 else NAN


def information_ratio(
    returns: Floats, benchmark: Floats, periods: int = SESSIONS_PER_YEAR
) -> float:
    """Return the annualised Sharpe ratio of the returns over the benchmark's.

    NaN below two periods and where the difference never varies. empyrical's ``excess_sharpe`` is the
    same for ``periods=1``: it is not annualised.
    """
    _require_pairs(returns, benchmark)
    return sharpe_ratio(returns - benchmark, periods)


def sharpe_delta(returns: Floats, baseline: Floats, periods: int = SESSIONS_PER_YEAR) -> float:
    """Return the annualised Sharpe ratio less the baseline's; NaN where either is.

    How far it may be luck is said by `alphaline.metrics.intervals.sharpe_delta_interval`.
    """
    _require_pairs(returns, baseline)
    return sharpe_ratio(returns, periods) - sharpe_ratio(baseline, periods)


def _varies(series: Floats) -> bool:
    # The deviation of a constant series is rounding noise, so the range decides.
    return bool(np.ptp(series) > 0.0)


def _require_pairs(returns: Floats, other: Floats) -> None:
    if returns.shape != other.shape:
        raise ValueError(
            f"benchmark: expected one return per period of {returns.size} in both series, saw "
            f"{other.size}; align them by time before comparing"
        )
