"""How much a column by itself tells about the label, in whatever shape.

References
----------
Miller, G. (1955), "Note on the Bias of Information Estimates": counts in cells overstate information,
to first order by (cells of x - 1)(classes - 1) / 2n.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

MOST_BINS = 10
# Rows that a bin needs for the correction, which is of first order in 1/n, to be close.
ROWS_A_BIN = 20


def mutual_information(
    rows: NDArray[np.floating], labels: NDArray[np.int8], weights: Floats | None = None
) -> Floats:
    """Return the mutual information of each column with the label, in nats.

    A column is cut into at most ten bins of equal frequency (ties stay together), and what chance
    alone would show in so many cells is taken off. Without any relation the value scatters around 0,
    below it as well; it is not cut off there.

    Parameters
    ----------
    rows
        (n, F). NaN is null: a column is judged on the rows in which it has a value.
    labels
        (n,) of 0 and 1.
    weights
        (n,), not negative; by default 1 each. The correction goes by Kish's effective number of
        rows, which knows unequal weights and no overlap of labels: thin out what overlaps.

    Returns
    -------
    float64 (F,)
        At most ln 2 plus the scatter. NaN for a column with fewer than 40 values. A strictly
        increasing transformation of a column changes nothing.
    """
    used = np.ones(len(labels)) if weights is None else weights
    return np.array([_of_column(column, labels, used) for column in rows.T], dtype=np.float64)


def _of_column(column: NDArray[np.floating], labels: NDArray[np.int8], weights: Floats) -> float:
    here = ~np.isnan(column) & (weights > 0.0)
    bins = min(MOST_BINS, int(np.count_nonzero(here)) // ROWS_A_BIN)
    if bins < 2:
        return float("nan")
    cells = _cells(_bin_of(column[here], bins), labels[here], weights[here], bins)
    effective = weights[here].sum() ** 2 / np.sum(weights[here] ** 2)
    return _plug_in(cells) - _excess(cells, float(effective))


def _bin_of(values: NDArray[np.floating], bins: int) -> NDArray[np.intp]:
    middle = (rankdata(values) - 0.5) / len(values)
    inside: NDArray[np.intp] = np.minimum((middle * bins).astype(np.intp), bins - 1)
    return inside


def _cells(bin_of: NDArray[np.intp], y: NDArray[np.int8], weights: Floats, bins: int) -> Floats:
    counted = np.bincount(2 * bin_of + y, weights=weights, minlength=2 * bins)
    shares: Floats = counted.reshape(bins, 2) / counted.sum()
    return shares


def _plug_in(cells: Floats) -> float:
    alone = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0, keepdims=True)
    filled = cells > 0.0
    return float(np.sum(cells[filled] * np.log(cells[filled] / alone[filled])))


def _excess(cells: Floats, rows: float) -> float:
    bins, classes = ((cells.sum(axis=axis) > 0.0).sum() for axis in (1, 0))
    return float((bins - 1) * (classes - 1) / (2.0 * rows))
