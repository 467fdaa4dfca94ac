"""Weights of labels: by how little they overlap, by the return they saw, by their age.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 4: concurrent labels and
average uniqueness of a label (4.3, 4.4), return attribution (4.6), time decay (4.7).
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Logarithms of prices, cumulated, are off by less than this; returns that cancel leave such a rest,
# and scaled to a mean of 1 it would pass for a weight.
_ROUNDING = 1e-12


def average_uniqueness(t_entry: Times, t_touch: Times, ts_event: Times) -> Floats:
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
    first, end = _lives(t_entry, t_touch, ts_event)
    summed = _summed(_shares(first, end, len(ts_event)))
    # A sum of shares loses its last bits; a weight above 1 would be a lie of 1e-16.
    weights: Floats = np.minimum((summed[end] - summed[first]) / (end - first), 1.0)
    return weights


def return_attribution(
    t_entry: Times, t_touch: Times, ts_event: Times, open_price: Floats, close_price: Floats
) -> Floats:
    r"""Return weights of m labels by the absolute return that is theirs alone.

    With :math:`r_t` the log return of bar t (from the close before it; in the entry bar from its
    open) and :math:`c_t` the number of labels alive in it, the weight of label i is

    .. math:: w_i \propto \left| \sum_{t \in \text{life of } i} r_t / c_t \right|,

    scaled so that the m weights add up to m (section 4.6 of the book, its equation for
    :math:`\tilde w_i`). A label whose market stood still teaches least.

    Parameters
    ----------
    t_entry, t_touch, ts_event
        As in `average_uniqueness`.
    open_price, close_price
        float64 (n,): of the bars, positive, on the scale the labels were made on.

    Returns
    -------
    float64 (m,)
        0 or more, mean 1; all 1 where no label saw a return, since nothing then tells them apart.

    Raises
    ------
    DatasetError
        If a label is alive in no bar, or prices are not n positive numbers.
    """
    _require_prices(ts_event, open_price, close_price)
    first, end = _lives(t_entry, t_touch, ts_event)
    share = _shares(first, end, len(ts_event))
    log_close = np.log(close_price)
    shared = np.diff(log_close, prepend=log_close[:1]) * share
    summed = _summed(shared)
    entry_return = np.log(close_price[first] / open_price[first]) * share[first]
    own: Floats = np.abs(entry_return + (summed[end] - summed[first + 1]))
    own[own <= _ROUNDING * (1.0 + np.abs(shared).sum() + np.abs(entry_return).sum())] = 0.0
    total = own.sum()
    return own / total * own.size if total > 0.0 else np.ones(own.size)


def time_decay(uniqueness: Floats, oldest: float) -> Floats:
    """Return factors that fade old labels: 1 for the newest, linear in cumulated uniqueness.

    Uniqueness is the clock, so that a hundred labels of one life age no more than one label alone
    (section 4.7 of the book).

    Parameters
    ----------
    uniqueness
        float64 (m,): from `average_uniqueness`, in the order of the labels' entries.
    oldest
        In (-1, 1]. 1: no decay; from 0 to 1: the factor at the start, before the oldest label;
        below 0: the oldest ``-oldest`` of the cumulated uniqueness gets the factor 0.

    Returns
    -------
    float64 (m,)
        In [0, 1], not decreasing.

    Raises
    ------
    ValueError
        If ``oldest`` is outside (-1, 1].
    """
    if not -1.0 < oldest <= 1.0:
        raise ValueError(f"time decay: expected oldest in (-1, 1], saw {oldest}")
    if not uniqueness.size:
        return np.empty(0)
    age = np.cumsum(uniqueness)
    total = age[-1]
    slope = (1.0 - oldest) / total if oldest >= 0.0 else 1.0 / ((1.0 + oldest) * total)
    factors: Floats = np.clip(1.0 - slope * (total - age), 0.0, 1.0)
    return factors


def _lives(t_entry: Times, t_touch: Times, ts_event: Times) -> tuple[Indices, Indices]:
    first = np.searchsorted(ts_event, t_entry)
    end = np.searchsorted(ts_event, t_touch)
    if (empty := np.flatnonzero(end <= first)).size:
        raise DatasetError(
            f"sample weights: expected each label to live for a bar or more, saw label {empty[0]} "
            f"from {t_entry[empty[0]]} to {t_touch[empty[0]]}; leave unlabelled decisions out"
        )
    return first, end


def _shares(first: Indices, end: Indices, bars: int) -> Floats:
    alive = np.cumsum(np.bincount(first, minlength=bars + 1) - np.bincount(end, minlength=bars + 1))
    return np.divide(1.0, alive[:-1], out=np.zeros(bars), where=alive[:-1] > 0)


def _summed(values: Floats) -> Floats:
    return np.concatenate(([0.0], np.cumsum(values)))


def _require_prices(ts_event: Times, open_price: Floats, close_price: Floats) -> None:
    shapes = (open_price.shape, close_price.shape)
    if shapes != (ts_event.shape, ts_event.shape):
        raise DatasetError(
            f"sample weights: expected an open and a close for each of {len(ts_event)} bars, saw "
            f"{shapes}"
        )
    for name, price in (("open", open_price), ("close", close_price)):
        if (wrong := np.flatnonzero(~(np.isfinite(price) & (price > 0.0)))).size:
            raise DatasetError(
                f"sample weights: expected positive prices, saw {name} {price[wrong[0]]} at row "
                f"{wrong[0]}; bars are checked where bytes become bars"
            )
