"""Training decisions whose labels reach into a test span, or that stand within its embargo.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 7: purging and embargo.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from alphaline.research.prepared import PreparedData

Times = NDArray[np.int64]
Indices = NDArray[np.intp]


class TrainAndTest(Protocol):
    """A fold of walk-forward, a combinatorial split, or one of your own making."""

    @property
    def train(self) -> Indices:
        """Indices of the decisions that are trained on."""

    @property
    def test(self) -> Indices:
        """Indices of the decisions that are tested on."""


class FoldFinding(NamedTuple):
    """What one fold trains on and should not; each is intp, indices into the decisions, ascending.

    Parameters
    ----------
    in_both
        Decisions that are trained and tested on.
    reaching
        Training decisions whose label is alive while one of a test decision is.
    ending_early
        Training decisions that reach into no test label only because theirs ended early; one of the
        longest life would. Keeping them selects the training rows by outcome.
    within_embargo
        Training decisions in a session that is at most ``embargo`` sessions from one that is tested.
    """

    in_both: Indices
    reaching: Indices
    ending_early: Indices
    within_embargo: Indices

    @property
    def is_flagged(self) -> bool:
        """Whether the fold trains on what it should not."""
        return any(len(rows) for rows in self)


def check_folds(
    data: PreparedData, folds: Sequence[TrainAndTest], embargo: int = 0
) -> list[FoldFinding]:
    """Return, fold by fold, which training decisions know something of the test span.

    Lives of labels are compared across instruments, since what moves one moves the others too. They
    are those of the longer of the two sides, closed at both ends.

    Parameters
    ----------
    data
        The decisions that the folds index, with the lives of their labels.
    folds
        However they were made; test decisions need not be contiguous.
    embargo
        Sessions beside each tested one that must not be trained on. No property of the data tells how
        many are needed: state what the study demands.
    """
    return [_finding(data, fold, embargo) for fold in folds]


def overlapping(
    entry: Times, end: Times, others_entry: Times, others_end: Times
) -> NDArray[np.bool_]:
    """Return, for each closed interval [entry, end], whether it meets one of the others."""
    if not others_entry.size:
        return np.zeros(len(entry), np.bool_)
    order = np.argsort(others_entry, kind="stable")
    latest = np.maximum.accumulate(others_end[order])
    begun = np.searchsorted(others_entry[order], end, side="right")
    return (begun > 0) & (latest[np.maximum(begun - 1, 0)] >= entry)


def _finding(data: PreparedData, fold: TrainAndTest, embargo: int) -> FoldFinding:
    train, test = np.unique(fold.train), np.unique(fold.test)
    entry, end = data.longs.t_entry, data.t_touch
    longest = np.maximum(end, entry + data.longest_life_ns)
    tested = entry[test], end[test]
    reaches = overlapping(entry[train], end[train], *tested)
    would_reach = overlapping(entry[train], longest[train], *tested)
    return FoldFinding(
        in_both=np.intersect1d(train, test),
        reaching=train[reaches],
        ending_early=train[would_reach & ~reaches],
        within_embargo=train[_is_near(data, train, test, embargo)],
    )


def _is_near(data: PreparedData, train: Indices, test: Indices, embargo: int) -> NDArray[np.bool_]:
    if not embargo or not test.size:
        return np.zeros(len(train), np.bool_)
    place = np.searchsorted(data.sessions.session, data.session)
    tested = np.unique(place[test])
    after = np.searchsorted(tested, place[train])
    to_next = np.abs(tested[np.minimum(after, len(tested) - 1)] - place[train])
    to_last = np.abs(place[train] - tested[np.maximum(after - 1, 0)])
    is_near: NDArray[np.bool_] = np.minimum(to_next, to_last) <= embargo
    return is_near
