"""Whether a value at risk is exceeded as often as it says, and not in clusters.

A period is a violation where its loss exceeds the forecast made before it. The tests are likelihood
ratios: a small p-value says that the forecasts are wrong. 0·log 0 counts as 0, so that a series without
a violation, or of nothing else, has a defined answer.

References
----------
Kupiec, P. (1995), "Techniques for Verifying the Accuracy of Risk Measurement Models", *Journal of
Derivatives* 3(2). Christoffersen, P. (1998), "Evaluating Interval Forecasts", *International Economic
Review* 39(4).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NAN = math.nan


@dataclass(frozen=True, slots=True)
class CoverageTest:
    """A likelihood ratio and the probability of one as large if the forecasts are right.

    Parameters
    ----------
    statistic
        0 where the data fit the hypothesis as well as anything could; NaN where there are none.
    p_value
        From the chi-squared distribution with one degree of freedom, or two for conditional coverage.
    """

    statistic: float
    p_value: float


def violations(returns: Floats, forecasts: Floats) -> Flags:
    """Return, for the periods in which both are known, whether the loss exceeded the forecast.

    Parameters
    ----------
    returns, forecasts
        float64 (T,): returns, and losses forecast before them. A period with a NaN in either is left
        out: it neither kept nor broke a forecast.

    Returns
    -------
    bool (n,)
        n periods in chronological order.
    """
    known = ~(np.isnan(returns) | np.isnan(forecasts))
    return np.asarray(-returns[known] > forecasts[known])


def kupiec_test(violated: Flags, level: float = 0.95) -> CoverageTest:
    """Return whether violations are as many as ``1 - level`` demands (unconditional coverage).

    Parameters
    ----------
    violated
        bool (n,): from `violations`. Empty: NaN.
    """
    require_level(level)
    if violated.size == 0:
        return CoverageTest(NAN, NAN)
    return _one_degree(_excess(int(np.sum(violated)), violated.size, 1.0 - level))


def christoffersen_independence_test(violated: Flags) -> CoverageTest:
    """Return whether a violation is as likely after a violation as after none.

    The alternative is a first-order Markov chain; the first period is taken as given. Where no period
    but the last is a violation, or all of them are, there is one kind of transition only: nothing speaks
    against independence, statistic 0. NaN below two periods.
    """
    if violated.size < 2:
        return CoverageTest(NAN, NAN)
    return _one_degree(_clustering(violated))


def christoffersen_conditional_test(violated: Flags, level: float = 0.95) -> CoverageTest:
    """Return whether violations are both as many as they should be and independent.

    The sum of the statistics of independence and of coverage, both over the periods after the first,
    so that it is the likelihood ratio against the Markov chain. NaN below two periods.
    """
    require_level(level)
    if violated.size < 2:
        return CoverageTest(NAN, NAN)
    later = violated[1:]
    statistic = _excess(int(np.sum(later)), later.size, 1.0 - level) + _clustering(violated)
    # The survival function of the chi-squared distribution with two degrees of freedom.
    return CoverageTest(statistic, math.exp(-statistic / 2.0))


def _one_degree(statistic: float) -> CoverageTest:
    # The survival function of the chi-squared distribution with one degree of freedom.
    return CoverageTest(statistic, math.erfc(math.sqrt(statistic / 2.0)))


def _excess(hits: int, periods: int, expected: float) -> float:
    seen = _log_likelihood(hits, periods, hits / periods)
    # Rounding may leave the better likelihood a hair below the other.
    return max(0.0, 2.0 * (seen - _log_likelihood(hits, periods, expected)))


def _clustering(violated: Flags) -> float:
    before, after = violated[:-1], violated[1:]
    chained = sum(_best_log_likelihood(after[before == state]) for state in (False, True))
    return max(0.0, 2.0 * (chained - _best_log_likelihood(after)))


def _best_log_likelihood(violated: Flags) -> float:
    if violated.size == 0:
        return 0.0
    hits = int(np.sum(violated))
    return _log_likelihood(hits, violated.size, hits / violated.size)


def _log_likelihood(hits: int, periods: int, probability: float) -> float:
    misses = periods - hits
    of_hits = hits * math.log(probability) if hits else 0.0
    return of_hits + (misses * math.log1p(-probability) if misses else 0.0)


def require_level(level: float) -> None:
    """Raise ValueError unless ``level`` lies between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"coverage: expected a level between 0 and 1, saw {level}")
