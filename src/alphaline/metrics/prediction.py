"""How good probabilities of ``y = 1`` are.

``y`` is 0 or 1, ``p`` a probability, both of shape (n,). NaN in ``p`` makes the result NaN; so does an
input for which a measure is not defined (no rows, one class only where two are compared).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Classes = NDArray[np.int8]

NAN = math.nan
# A probability of exactly 0 or 1 that is wrong would cost an infinite loss.
SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


def row_count(y: Classes) -> float:
    """Return how many rows there are."""
    return float(y.size)


def positive_share(y: Classes) -> float:
    """Return the share of ones; NaN without a row."""
    return float(np.mean(y)) if y.size else NAN


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
    excess = np.bincount(_bin_of(p, bins), weights=p - y, minlength=bins)
    return float(np.sum(np.abs(excess)) / y.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationCurve:
    """What ``bins`` equal-width bins of probability hold, lowest first.

    Parameters
    ----------
    mean_probability, share_of_ones
        float64 (bins,): NaN in a bin without rows.
    count
        intp (bins,): rows.
    """

    mean_probability: Floats
    share_of_ones: Floats
    count: NDArray[np.intp]


def calibration_curve(y: Classes, p: Floats, bins: int = 10) -> CalibrationCurve:
    """Return how often ``y`` is 1 where about ``p`` was said, in the bins of `calibration_error`.

    NaN in ``p`` leaves every bin NaN and without rows.
    """
    known = not np.isnan(p).any()
    bin_of = _bin_of(p, bins) if known else np.empty(0, dtype=np.intp)
    count = np.bincount(bin_of, minlength=bins)
    said = np.bincount(bin_of, weights=p if known else None, minlength=bins)
    ones = np.bincount(bin_of, weights=y if known else None, minlength=bins)
    rows = np.where(count > 0, count, np.nan)
    return CalibrationCurve(mean_probability=said / rows, share_of_ones=ones / rows, count=count)


def precision(y: Classes, p: Floats, threshold: float | Floats) -> float:
    """Return the share of ones among rows with ``p >= threshold``; NaN without such a row.

    ``threshold`` is one number or, where rows are of several models, float64 (n,): that of each row.
    """
    if np.isnan(p).any():
        return NAN
    chosen = p >= threshold
    return float(np.mean(y[chosen] == 1)) if chosen.any() else NAN


def recall(y: Classes, p: Floats, threshold: float | Floats) -> float:
    """Return the share of the ones that have ``p >= threshold``; NaN without a one.

    ``threshold`` as in `precision`.
    """
    if np.isnan(p).any():
        return NAN
    ones = y == 1
    return float(np.mean((p >= threshold)[ones])) if ones.any() else NAN


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


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonCoefficients:
    """The information coefficient at each of H horizons.

    Parameters
    ----------
    coefficient
        float64 (H,): NaN where `information_coefficient` is.
    rows
        intp (H,): rows whose return at that horizon is known.
    """

    coefficient: Floats
    rows: NDArray[np.intp]


def information_coefficient_by_horizon(p: Floats, realised: Floats) -> HorizonCoefficients:
    """Return Spearman's rank correlation of a prediction with the returns that followed, by horizon.

    Parameters
    ----------
    p
        float64 (m,): predictions. A NaN makes every coefficient NaN.
    realised
        float64 (m, H): realised return over each horizon. NaN where the horizon has not ended: such a
        row is left out at that horizon, and only there.

    Raises
    ------
    ValueError
        If ``realised`` has not one row per prediction.
    """
    if realised.ndim != 2 or len(realised) != p.size:
        raise ValueError(
            f"information coefficient: expected realised returns of shape ({p.size}, horizons), saw "
            f"{realised.shape}"
        )
    known = ~np.isnan(realised)
    pairs = [(p[rows], column[rows]) for rows, column in zip(known.T, realised.T, strict=True)]
    missing = bool(np.isnan(p).any())
    found = [NAN if missing else information_coefficient(*pair) for pair in pairs]
    return HorizonCoefficients(
        coefficient=np.array(found, dtype=np.float64), rows=np.sum(known, axis=0)
    )


def _bin_of(p: Floats, bins: int) -> NDArray[np.intp]:
    return np.clip((p * bins).astype(np.intp), 0, bins - 1)


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank = last - (counts - 1) / 2
    ranks: Floats = mean_rank[inverse]
    return ranks
