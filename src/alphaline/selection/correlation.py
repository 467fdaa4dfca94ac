"""Spearman's rank correlation of columns with holes: the raw material of redundancy."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]

# Below this many pairs the standard error of a rank correlation is above 0.18.
MINIMUM_PAIRS = 30


def rank_correlation(rows: NDArray[np.floating], minimum_pairs: int = MINIMUM_PAIRS) -> Floats:
    """Return Spearman's rank correlation of each two columns.

    Parameters
    ----------
    rows
        (n, F), NaN for null; an infinity is the largest or smallest value.
    minimum_pairs
        Rows in which both columns must have a value.

    Returns
    -------
    float64 (F, F)
        Symmetric, in [-1, 1], 1 on the diagonal. Each pair is ranked on the rows in which both have
        a value, ties at the middle of their places. NaN where these are too few or where one of the
        two does not vary over them. A strictly increasing transformation of a column changes no bit.
    """
    available = ~np.isnan(rows)
    holes, group_of = np.unique(available, axis=1, return_inverse=True)
    groups = [np.flatnonzero(group_of.ravel() == group) for group in range(holes.shape[1])]
    correlation = np.full((rows.shape[1], rows.shape[1]), np.nan)
    for i, first in enumerate(groups):
        for j in range(i, len(groups)):
            second = groups[j]
            both = holes[:, i] & holes[:, j]
            if np.count_nonzero(both) < minimum_pairs:
                continue
            between = _of_ranks(rows[both][:, first], rows[both][:, second])
            correlation[np.ix_(first, second)] = between
            correlation[np.ix_(second, first)] = between.T
    return correlation


def _of_ranks(first: NDArray[np.floating], second: NDArray[np.floating]) -> Floats:
    between = np.einsum("ni,nj->ij", _unit_ranks(first), _unit_ranks(second), optimize=True)
    # Beyond the twelfth digit stands the order of the sums.
    rounded: Floats = np.clip(np.round(between, 12), -1.0, 1.0)
    return rounded


def _unit_ranks(values: NDArray[np.floating]) -> Floats:
    ranks = rankdata(values, axis=0)
    centred = ranks - ranks.mean(axis=0)
    length = np.sqrt(np.sum(centred**2, axis=0))
    unit: Floats = centred / np.where(length > 0.0, length, np.nan)
    return unit
