"""Clusters of substitutes: columns that order the rows alike, in either direction.

References
----------
López de Prado, M. (2020), *Machine Learning for Asset Managers*, ch. 4 and 6: importance is judged by
cluster, since substitutes share theirs. Van Dongen, S. and Enright, A. (2012), "Metric distances
derived from cosine similarity and Pearson and Spearman correlations": sqrt(1 - abs(rho)) is a metric.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Clusters:
    """A partition of F columns and the tree that it is cut from.

    Parameters
    ----------
    of_column
        intp (F,): the cluster of each column, numbered in order of their first column.
    merges
        float64 (F - 1, 4): the tree as ``scipy.cluster.hierarchy.linkage`` writes it; its heights
        are distances sqrt(1 - abs(rho)).
    cut_at
        Height at which the tree is cut.
    """

    of_column: Indices
    merges: Floats
    cut_at: float

    @property
    def members(self) -> tuple[Indices, ...]:
        """Columns of each cluster, ascending."""
        return tuple(
            np.flatnonzero(self.of_column == cluster) for cluster in np.unique(self.of_column)
        )


def correlation_clusters(correlation: Floats, threshold: float) -> Clusters:
    """Return the clusters within which each two columns have abs(rho) of at least ``threshold``.

    Linkage is complete, so that the bound holds for every pair and no chain of small steps joins
    two columns that have little in common.

    Parameters
    ----------
    correlation
        (F, F), symmetric, F >= 1. NaN (too few pairs to know) counts as 0: nothing shows that the two
        are substitutes.
    threshold
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the threshold is not in (0, 1] or there is no column.
    """
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"clusters: expected a threshold in (0, 1], saw {threshold}")
    if not len(correlation):
        raise ValueError("clusters: expected at least one column, saw none")
    # Rounding must not part two columns that are exactly as close as demanded.
    cut_at = float(np.sqrt(1.0 - threshold)) + 1e-9
    if len(correlation) == 1:
        return Clusters(of_column=np.zeros(1, np.intp), merges=np.empty((0, 4)), cut_at=cut_at)
    merges = linkage(squareform(distance(correlation), checks=False), method="complete")
    found = fcluster(merges, t=cut_at, criterion="distance")
    return Clusters(of_column=_in_order_of_columns(found), merges=merges, cut_at=cut_at)


def distance(correlation: Floats) -> Floats:
    """Return sqrt(1 - abs(rho)): 0 for the same order or its reverse, 1 for none; NaN becomes 1."""
    apart: Floats = np.sqrt(1.0 - np.abs(np.nan_to_num(correlation)))
    np.fill_diagonal(apart, 0.0)
    return apart


def _in_order_of_columns(found: NDArray[np.integer]) -> Indices:
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.intp)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]
