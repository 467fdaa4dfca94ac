"""How bad the bad periods are. Losses are positive numbers, returns simple ones per period.

A NaN in the input makes the result NaN, and so does an input for which a measure is not defined.
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NAN = math.nan
NORMAL = NormalDist()
# Losses rarer than one period in a million weigh too little to distort a tail's mean.
FARTHEST_QUANTILE = NORMAL.inv_cdf(1e-6)


def value_at_risk(returns: Floats, level: float = 0.95) -> float:
    """Return the loss that is exceeded in a share ``1 - level`` of past periods.

    The negated linearly interpolated quantile of the returns; negative where even that period gained.
    NaN for an empty series.
    """
    return float(-np.quantile(returns, 1.0 - level)) if returns.size else NAN


def conditional_value_at_risk(returns: Floats, level: float = 0.95) -> float:
    """Return the mean loss of the worst ``⌊(T - 1)(1 - level)⌋ + 1`` past periods.

    These are the periods at or below the quantile of `value_at_risk`. NaN for an empty series.
    """
    if returns.size == 0 or np.isnan(returns).any():
        return NAN
    count = int((returns.size - 1) * (1.0 - level)) + 1
    return float(-np.mean(np.partition(returns, count - 1)[:count]))


def cornish_fisher_value_at_risk(returns: Floats, level: float = 0.95) -> float:
    r"""Return the value at risk of a normal distribution corrected for skew S and excess kurtosis K.

    :math:`-(\bar r + s\,q(z))` with :math:`q(z) = z + (z^2-1)S/6 + (z^3-3z)K/24 - (2z^3-5z)S^2/36` at
    the normal quantile z of ``1 - level``. NaN below two values, and where q falls with z somewhere
    between a probability of 10⁻⁶ and ``1 - level``: there the expansion is no quantile function
    (Maillard 2012).

    References
    ----------
    Zangari, P. (1996), "A VaR methodology for portfolios that include options", *RiskMetrics Monitor*.
    """
    moments = _moments(returns)
    z = NORMAL.inv_cdf(1.0 - level)
    if moments is None or not _is_quantile_function(moments[2], moments[3], z):
        return NAN
    mean, deviation, skew, kurtosis = moments
    quantile = (
        z
        + (z**2 - 1) * skew / 6
        + (z**3 - 3 * z) * kurtosis / 24
        - (2 * z**3 - 5 * z) * skew**2 / 36
    )
    return -(mean + deviation * quantile)


def cornish_fisher_conditional_value_at_risk(returns: Floats, level: float = 0.95) -> float:
    r"""Return the mean loss beyond `cornish_fisher_value_at_risk`.

    The integral of its quantile function over the tail, in closed form: with
    :math:`\phi = \varphi(z)/(1 - level)` the mean of q is
    :math:`-\phi\,[1 + zS/6 - (1 - z^2)K/24 + (1 - 2z^2)S^2/36]`. NaN under the same conditions.
    """
    moments = _moments(returns)
    z = NORMAL.inv_cdf(1.0 - level)
    if moments is None or not _is_quantile_function(moments[2], moments[3], z):
        return NAN
    mean, deviation, skew, kurtosis = moments
    tail = NORMAL.pdf(z) / (1.0 - level)
    expected = -tail * (
        1.0 + z * skew / 6 - (1.0 - z**2) * kurtosis / 24 + (1.0 - 2.0 * z**2) * skew**2 / 36
    )
    return -(mean + deviation * expected)


def tail_ratio(returns: Floats) -> float:
    """Return the 95th over the 5th percentile of the returns, both as absolute values.

    NaN for an empty series and where the 5th percentile is zero.
    """
    if returns.size == 0:
        return NAN
    high, low = np.abs(np.quantile(returns, [0.95, 0.05]))
    return float(high / low) if low > 0.0 else NAN


def _moments(returns: Floats) -> tuple[float, float, float, float] | None:
    if returns.size < 2 or np.isnan(returns).any() or np.ptp(returns) == 0.0:
        return None
    mean = float(np.mean(returns))
    # In units of the range, so that the powers of small returns do not underflow.
    centred = (returns - mean) / np.ptp(returns)
    variance = float(np.mean(centred**2))
    skew = float(np.mean(centred**3)) / variance**1.5
    kurtosis = float(np.mean(centred**4)) / variance**2 - 3.0
    return mean, float(np.std(returns, ddof=1)), skew, kurtosis


def _is_quantile_function(skew: float, kurtosis: float, z: float) -> bool:
    # The derivative of q is a·x² + b·x + c; it has to be positive up to z.
    a = kurtosis / 8 - skew**2 / 6
    b = skew / 3
    c = 1.0 - kurtosis / 8 + 5 * skew**2 / 36
    ends = [FARTHEST_QUANTILE, z]
    if a > 0.0:
        ends.append(min(max(-b / (2 * a), FARTHEST_QUANTILE), z))
    return all(a * x**2 + b * x + c > 0.0 for x in ends)
