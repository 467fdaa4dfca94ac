"""How well the historical value at risk, forecast anew each period, covered what came after.

A year of past returns says what the next period may lose; the tests of `alphaline.metrics.coverage` then
say whether it did.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alphaline.metrics.coverage import (
    christoffersen_conditional_test,
    christoffersen_independence_test,
    kupiec_test,
    require_level,
    violations,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NAN = math.nan
# One year of sessions, the usual history of a bank's own value at risk.
WINDOW = 250


def rolling_value_at_risk(returns: Floats, window: int = WINDOW, level: float = 0.95) -> Floats:
    """Return for each period the historical value at risk of the ``window`` periods before it.

    Parameters
    ----------
    returns
        float64 (T,): simple returns per period. A NaN makes NaN every forecast whose window holds it.

    Returns
    -------
    float64 (T,)
        `alphaline.metrics.risk.value_at_risk` of ``returns[t - window : t]``, a positive loss; NaN in
        the first ``window`` periods. The period itself and what follows it have no part in it.

    Raises
    ------
    ValueError
        If ``window`` is below 1 or ``level`` is not between 0 and 1.
    """
    require_level(level)
    if window < 1:
        raise ValueError(f"rolling value at risk: expected a window of 1 or more, saw {window}")
    forecasts = np.full(returns.size, NAN)
    if returns.size > window:
        past = sliding_window_view(returns[:-1], window)
        forecasts[window:] = -np.quantile(past, 1.0 - level, axis=1)
    return forecasts


def violation_share(returns: Floats, window: int = WINDOW, level: float = 0.95) -> float:
    """Return the share of periods whose loss exceeded the rolling value at risk; NaN without one."""
    seen = _historical(returns, window, level)
    return float(np.mean(seen)) if seen.size else NAN


def kupiec_p_value(returns: Floats, window: int = WINDOW, level: float = 0.95) -> float:
    """Return the p-value of `kupiec_test` for the rolling historical value at risk."""
    return kupiec_test(_historical(returns, window, level), level).p_value


def independence_p_value(returns: Floats, window: int = WINDOW, level: float = 0.95) -> float:
    """Return the p-value of `christoffersen_independence_test` for the rolling historical one."""
    return christoffersen_independence_test(_historical(returns, window, level)).p_value


def conditional_coverage_p_value(
    returns: Floats, window: int = WINDOW, level: float = 0.95
) -> float:
    """Return the p-value of `christoffersen_conditional_test` for the rolling historical one."""
    return christoffersen_conditional_test(_historical(returns, window, level), level).p_value


def _historical(returns: Floats, window: int, level: float) -> Flags:
    return violations(returns, rolling_value_at_risk(returns, window, level))
