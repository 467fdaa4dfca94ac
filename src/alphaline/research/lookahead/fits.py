"""Whether what is fitted for a fold depends on anything but the fold's training rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.research.lookahead.folds import TrainAndTest
from alphaline.research.prepared import Indices, PreparedData

Fit = Callable[[PreparedData, Indices], NDArray[np.float64]]


class FitFinding(NamedTuple):
    """What a fit knew beside its training rows.

    Parameters
    ----------
    folds, changed_folds
        How many folds were fitted, and in how many of them something else came out.
    first_fold
        The first of these, from 0; None where there is none.
    """

    folds: int
    changed_folds: int
    first_fold: int | None

    @property
    def is_flagged(self) -> bool:
        """Whether a fit depends on more than its training rows."""
        return self.changed_folds > 0


def check_fits(fit: Fit, data: PreparedData, folds: Sequence[TrainAndTest]) -> FitFinding:
    """Fit each fold twice: with all decisions at hand, and with the training ones alone.

    In the second fit the bars end with the last label of the training rows.

    Whatever training decides has to come out the same: means and deviations, chosen columns, weights,
    thresholds, the number of rounds. A scaling over all rows, a threshold from test predictions or a
    test span that stops the training early does not. NaN equals NaN: numbers that are never defined
    show nothing.

    Parameters
    ----------
    fit
        ``(data, rows)`` to numbers that say what was fitted on ``rows`` of ``data``: float64 of any
        shape. Deterministic; seed what draws.
    data
        All decisions.
    folds
        Of which ``train`` is used.
    """
    changed = [
        number
        for number, fold in enumerate(folds)
        if not _is_same(fit(data, fold.train), _alone(fit, data, fold.train))
    ]
    return FitFinding(len(folds), len(changed), changed[0] if changed else None)


def _alone(fit: Fit, data: PreparedData, train: Indices) -> NDArray[np.float64]:
    known = data.at(train)
    limit = int(known.t_touch.max()) if len(train) else 0
    traded = tuple(
        replace(one, bars=one.bars.before(limit), costs=one.costs.before(limit))
        for one in known.traded
    )
    return fit(replace(known, traded=traded), np.arange(len(train)))


def _is_same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=True))
