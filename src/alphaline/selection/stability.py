"""How alike the folds judge: whether a selection would come out the same on other data.

References
----------
Nogueira, S., Sechidis, K. and Brown, G. (2018), "On the Stability of Feature Selection Algorithms",
*Journal of Machine Learning Research* 18(174): Kuncheva's index for subsets of any size.
"""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.prediction import information_coefficient

Floats = NDArray[np.float64]
Chosen = NDArray[np.bool_]


def selected_share(chosen: Chosen) -> Floats:
    """Return the share of folds that chose each feature: chosen bool (K, F), K >= 1; float64 (F,)."""
    share: Floats = np.mean(chosen, axis=0)
    return share


def mean_jaccard(chosen: Chosen) -> float:
    """Return the mean over all pairs of folds of (chosen by both) / (chosen by either).

    Between 0 and 1; two empty choices are equal and count 1. NaN for fewer than two folds. Not
    corrected for chance: large choices overlap by themselves.
    """
    overlaps = [
        float(np.sum(a & b) / np.sum(a | b)) if (a | b).any() else 1.0
        for a, b in itertools.combinations(chosen, 2)
    ]
    return float(np.mean(overlaps)) if overlaps else math.nan


def chance_corrected_stability(chosen: Chosen) -> float:
    """Return Nogueira's stability of choices, bool (K, F): 1 for equal ones, about 0 for random ones.

    Equal to the mean pairwise index of Kuncheva (2007) where all choices have one size. Between
    -1 / (K - 1) and 1. NaN for fewer than two folds, and where all folds chose all features or
    none: chance could do no other.
    """
    folds, features = chosen.shape
    if folds < 2 or not features:
        return math.nan
    share = selected_share(chosen)
    mean_size = float(np.mean(share))
    by_chance = mean_size * (1.0 - mean_size)
    if by_chance == 0.0:
        return math.nan
    scatter = float(np.mean(share * (1.0 - share))) * folds / (folds - 1)
    return float(1.0 - scatter / by_chance)


def rank_agreement(importance: Floats) -> float:
    """Return the mean over all pairs of folds of Spearman's correlation of their importances.

    Parameters
    ----------
    importance
        float64 (K, F). A pair in which one fold ranks nothing (all equal) is left out.

    Returns
    -------
    float
        Between -1 and 1; NaN where no pair is left.
    """
    pairs = [information_coefficient(a, b) for a, b in itertools.combinations(importance, 2)]
    defined = [one for one in pairs if not math.isnan(one)]
    return float(np.mean(defined)) if defined else math.nan
