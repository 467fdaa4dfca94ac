"""Weights of overlapping labels: a bar that many labels share counts once, not many times.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 4, sections 4.3 to 4.5:
concurrent labels, average uniqueness of a label.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError


def average_uniqueness(
    t_entry: NDArray[np.int64], t_touch: NDArray[np.int64], ts_event: NDArray[np.int64]
) -> NDArray[np.float64]:
    r"""Return how much of its life each of m labels has to itself.

    With :math:`c_t` the number of labels that are alive in bar t, the average uniqueness of label i
    is the mean of :math:`1 / c_t` over the bars of its life: 1 for a label that overlaps with no
    other, 1/k where k labels share one life.

    Compute it over the labels that are trained on and no others: a weight that counts labels of the
    test span knows something of it.

    Parameters
    ----------
    t_entry, t_touch
        int64 (m,): the life of a label is the bars that start in [t_entry, t_touch), UTC nanoseconds.
        Labelled decisions of one instrument only.
    ts_event
        int64 (n,): starts of the bars, strictly increasing.

    Returns
    -------
    float64 (m,)
        In (0, 1].

    Raises
    ------
    DatasetError
        If a label is alive in no bar.
    """
    first = np.searchsorted(ts_event, t_entry)
    end = np.searchsorted(ts_event, t_touch)
    if (empty := np.flatnonzero(end <= first)).size:
        raise DatasetError(
            f"sample weights: expected each label to live for a bar or more, saw label {empty[0]} "
            f"from {t_entry[empty[0]]} to {t_touch[empty[0]]}; leave unlabelled decisions out"
        )
    alive = np.cumsum(
        np.bincount(first, minlength=len(ts_event) + 1)
        - np.bincount(end, minlength=len(ts_event) + 1)
    )[:-1]
    share = np.divide(1.0, alive, out=np.zeros(len(ts_event)), where=alive > 0)
    summed = np.concatenate(([0.0], np.cumsum(share)))
    # A sum of shares loses its last bits; a weight above 1 would be a lie of 1e-16.
    weights: NDArray[np.float64] = np.minimum((summed[end] - summed[first]) / (end - first), 1.0)
    return weights
