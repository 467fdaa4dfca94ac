"""How much of a Sharpe ratio is skill: its error, its best of many trials, the record it needs.

All Sharpe ratios here are per period, not annualised.

References
----------
Bailey, D. and López de Prado, M. (2012), "The Sharpe Ratio Efficient Frontier", *Journal of Risk*
15(2). Bailey, D. and López de Prado, M. (2014), "The Deflated Sharpe Ratio", *Journal of Portfolio
Management* 40(5).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL = NormalDist()
EULER_GAMMA = 0.5772156649015329
NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class SharpeMoments:
    """A series of returns as the Sharpe ratio's distribution sees it.

    Parameters
    ----------
    sharpe
        Mean over sample deviation, per period.
    skew, kurtosis
        Third and fourth standardised moments; a normal distribution has 0 and 3.
    periods
        Length T of the series.
    """

    sharpe: float
    skew: float
    kurtosis: float
    periods: int


def sharpe_moments(returns: Floats) -> SharpeMoments | None:
    """Return the moments of ``returns`` (T,), or None below two values, without variance or with NaN."""
    if returns.size < 2 or not np.isfinite(returns).all() or np.ptp(returns) == 0.0:
        return None
    # In units of the range, so that the powers of small returns do not underflow.
    scaled = returns / np.ptp(returns)
    centred = scaled - np.mean(scaled)
    variance = float(np.mean(centred**2))
    return SharpeMoments(
        sharpe=float(np.mean(scaled) / np.std(scaled, ddof=1)),
        skew=float(np.mean(centred**3)) / variance**1.5,
        kurtosis=float(np.mean(centred**4)) / variance**2,
        periods=returns.size,
    )


def probabilistic_sharpe(moments: SharpeMoments, benchmark: float) -> float:
    r"""Return the probability that the true Sharpe ratio exceeds ``benchmark`` (per period).

    :math:`\Phi\big((SR - SR^*)\sqrt{T-1} \,/\, \sqrt{1 - \gamma_3 SR + (\gamma_4-1) SR^2/4}\big)`, with
    skew :math:`\gamma_3` and kurtosis :math:`\gamma_4`.
    """
    error = _error(moments)
    return NORMAL.cdf((moments.sharpe - benchmark) * math.sqrt(moments.periods - 1) / error)


def expected_maximum(trials: int) -> float:
    r"""Return the expected largest of ``trials`` independent standard normal values.

    :math:`(1-\gamma)\Phi^{-1}(1 - 1/N) + \gamma\Phi^{-1}(1 - 1/(Ne))` with Euler's gamma; 0 for one
    trial, where the approximation has no value and the answer is exact.

    Raises
    ------
    ValueError
        If ``trials`` is below 1.
    """
    if trials < 1:
        raise ValueError(f"expected maximum: expected 1 trial or more, saw {trials}")
    if trials == 1:
        return 0.0
    return (1.0 - EULER_GAMMA) * NORMAL.inv_cdf(1.0 - 1.0 / trials) + EULER_GAMMA * NORMAL.inv_cdf(
        1.0 - 1.0 / (trials * math.e)
    )


def deflated_sharpe(moments: SharpeMoments, trials: int, trial_deviation: float) -> float:
    r"""Return the probability that the true Sharpe ratio exceeds what the best of N trials has by luck.

    `probabilistic_sharpe` against :math:`SR_0 = E[\max_N] \cdot` ``trial_deviation``.

    Parameters
    ----------
    trials
        Number N of trials among which the series may have been chosen.
    trial_deviation
        Standard deviation of the trials' Sharpe ratios, per period: :math:`\sqrt{1/T}` where none has
        an edge, or the empirical one.
    """
    return probabilistic_sharpe(moments, expected_maximum(trials) * trial_deviation)


def minimum_track_record(moments: SharpeMoments, benchmark: float, confidence: float) -> float:
    r"""Return how many periods it takes to show at ``confidence`` that the true ratio exceeds ``benchmark``.

    :math:`1 + (1 - \gamma_3 SR + (\gamma_4-1) SR^2/4)\,(\Phi^{-1}(confidence)/(SR - SR^*))^2`; NaN where
    the observed ratio is not above the benchmark: no length shows it. 1 up to a confidence of one half,
    which any ratio above the benchmark has.
    """
    if moments.sharpe <= benchmark:
        return NAN
    needed = max(NORMAL.inv_cdf(confidence), 0.0) / (moments.sharpe - benchmark)
    return 1.0 + _error(moments) ** 2 * needed**2


def deflated_track_record(moments: SharpeMoments, trials: int, confidence: float) -> float:
    r"""Return how many periods it takes until `deflated_sharpe` among ``trials`` reaches ``confidence``.

    By luck the best of N trials without an edge has :math:`E[\max_N]/\sqrt{T}`, which is less the longer
    the record: :math:`1 + \big((E[\max_N] + \Phi^{-1}(confidence)\,\sigma)/SR\big)^2` periods are enough,
    with :math:`\sigma` the root in `probabilistic_sharpe`, and two or more fewer are not. Equal to
    `minimum_track_record` against 0 for a single trial. NaN where the observed ratio is not above 0.
    """
    if moments.sharpe <= 0.0:
        return NAN
    needed = expected_maximum(trials) + NORMAL.inv_cdf(confidence) * _error(moments)
    return 1.0 + (max(needed, 0.0) / moments.sharpe) ** 2


def _error(moments: SharpeMoments) -> float:
    # Kurtosis is at least 1 + skew², which bounds this below by (1 - skew·SR/2)². It vanishes only
    # for a series of two values, whose Sharpe ratio has no other outcome to err towards.
    square = 1.0 - moments.skew * moments.sharpe + (moments.kurtosis - 1.0) / 4 * moments.sharpe**2
    return math.sqrt(max(square, np.finfo(np.float64).eps))
