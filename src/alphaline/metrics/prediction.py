"""How good probabilities of ``y = 1`` are.

``y`` is 0 or 1, ``p`` a probability, both of shape (n,). NaN in ``p`` makes the result NaN; so does an
input for which a measure is not defined (no rows, one class only where two are compared).
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int8]

NAN = math.nan
# A probability of exactly 0 or 1 that is wrong would cost an infinite loss.
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


def auc(y: Classes, p: Floats) -> float:
    """Return the probability that a one is ranked above a zero, ties counted half.

    The area under the receiver operating characteristic, by the rank-sum formula of Mann and Whitney.
    """
    ones = int(np.sum(y == 1))
    zeros = y.size - ones
    if ones == 0 or zeros == 0 or np.isnan(p).any():
        return NAN
    rank_sum = float(np.sum(_ranks(p)[y == 1]))
    return (rank_sum - ones * (ones + 1) / 2) / (ones * zeros)


def log_loss(y: Classes, p: Floats) -> float:
    """Return the mean negative log likelihood in nats; probabilities are clipped to [eps, 1 - eps]."""
    if y.size == 0:
        return NAN
    inside = np.clip(p, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    return float(-np.mean(np.where(y == 1, np.log(inside), np.log1p(-inside))))


def brier_score(y: Classes, p: Floats) -> float:
    """Return the mean squared difference between probability and outcome (Brier 1950)."""
    return float(np.mean((p - y) ** 2)) if y.size else NAN


def calibration_error(y: Classes, p: Floats, bins: int = 10) -> float:
    """Return the expected calibration error over ``bins`` equal-width bins of ``p``.

    The mean over all rows of the distance between their bin's mean probability and its share of
    ones. A bin holds its lower edge; the last one holds 1 as well.

    References
    ----------
    Naeini, M., Cooper, G. and Hauskrecht, M. (2015), "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning", *AAAI*.
    """
    if y.size == 0 or np.isnan(p).any():
        return NAN
    bin_of = np.clip((p * bins).astype(np.intp), 0, bins - 1)
    excess = np.bincount(bin_of, weights=p - y, minlength=bins)
    return float(np.sum(np.abs(excess)) / y.size)


def precision(y: Classes, p: Floats, threshold: float) -> float:
    """Return the share of ones among rows with ``p >= threshold``; NaN without such a row."""
    if np.isnan(p).any():
        return NAN
    chosen = p >= threshold
    return float(np.mean(y[chosen] == 1)) if chosen.any() else NAN


def recall(y: Classes, p: Floats, threshold: float) -> float:
    """Return the share of the ones that have ``p >= threshold``; NaN without a one."""
    if np.isnan(p).any():
        return NAN
    ones = y == 1
    return float(np.mean(p[ones] >= threshold)) if ones.any() else NAN


def information_coefficient(p: Floats, realised: Floats) -> float:
    """Return Spearman's rank correlation of prediction and realised return.

    NaN below two rows, where either side is constant, and where either holds a NaN.
    """
    if p.size < 2 or np.isnan(p).any() or np.isnan(realised).any():
        return NAN
    a, b = _ranks(p), _ranks(realised)
    if np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return NAN
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank = last - (counts - 1) / 2
    ranks: Floats = mean_rank[inverse]
    return ranks
