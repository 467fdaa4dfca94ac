"""Walk-forward folds by session, purged and with an embargo.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 7: purging and embargo.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.validation.decisions import require_decisions

Times = NDArray[np.int64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """A scheme of folds: train on the past, test on the sessions that follow.

    Parameters
    ----------
    window
        ``expanding`` trains on all the past, ``rolling`` on the last ``first`` sessions of it.
    first
        Sessions before the first test span.
    test
        Sessions in each test span. A span that the data do not fill is left out.
    step
        Sessions from one test span to the next, at least ``test``, so that the spans can be
        stitched to one out-of-sample series.
    embargo
        Last sessions before each test span that are not trained on (they count in ``first``):
        what is serially correlated across the cut then lies outside of training.
    purge_ns
        The longest life of a label. A decision is purged where a label of this life, or its own
        longer one, would reach into the test span: going by its own life alone would keep the
        decisions near the cut that happened to end early, a selection by outcome.

    Raises
    ------
    ValueError
        If the numbers leave no session to train on or let test spans overlap.
    """

    window: Literal["expanding", "rolling"]
    first: int
    test: int
    step: int
    embargo: int = 1
    purge_ns: int = 0

    def __post_init__(self) -> None:
        if self.window not in ("expanding", "rolling"):
            raise ValueError(f"walk-forward: expected expanding or rolling, saw {self.window!r}")
        if not (self.first > self.embargo >= 0 and self.step >= self.test >= 1):
            raise ValueError(
                "walk-forward: expected first > embargo >= 0 and step >= test >= 1, saw "
                f"first={self.first} embargo={self.embargo} test={self.test} step={self.step}"
            )
        if self.purge_ns < 0:
            raise ValueError(f"walk-forward: expected purge_ns >= 0, saw {self.purge_ns}")

    def test_starts(self, sessions: int) -> range:
        """Return the positions, among ``sessions`` sessions, at which a test span starts."""
        return range(self.first, sessions - self.test + 1, self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One fold: which decisions to train and test on.

    Parameters
    ----------
    train, test
        Indices into the decisions, ascending.
    train_sessions, test_sessions
        int64: the sessions they were drawn from, those without a decision included.
    """

    train: Indices
    test: Indices
    train_sessions: Times
    test_sessions: Times

    @property
    def tests_from(self) -> int:
        """Label of the first test session."""
        return int(self.test_sessions[0])


def walk_forward(
    scheme: WalkForward,
    *,
    sessions: Times,
    decision_session: Times,
    t_entry: Times,
    t_touch: Times,
) -> list[Fold]:
    """Return the folds of ``scheme`` in chronological order.

    Parameters
    ----------
    sessions
        int64 (S,): every session of the data, midnight UTC of its date, strictly increasing. A
        session without a decision is one all the same.
    decision_session
        int64 (m,): the session of each decision. Labelled decisions only, of any instruments.
    t_entry, t_touch
        int64 (m,): the life of each decision's label, UTC nanoseconds.

    Returns
    -------
    list of Fold
        No label of a training decision is alive at any time between the first entry and the last
        touch of the test decisions. A fold without a test decision is kept: its sessions earned 0.

    Raises
    ------
    DatasetError
        If the arrays do not match, a session is unknown, or there are too few sessions for a fold.
    """
    require_decisions("walk-forward", sessions, decision_session, t_entry, t_touch)
    starts = scheme.test_starts(len(sessions))
    if not starts:
        raise DatasetError(
            f"walk-forward: expected at least {scheme.first + scheme.test} sessions, saw "
            f"{len(sessions)}; give more data or shorten first and test"
        )
    position = np.searchsorted(sessions, decision_session)
    alive_until = np.maximum(t_touch, t_entry + scheme.purge_ns)
    return list(_folds(scheme, starts, sessions, position, t_entry, alive_until, t_touch))


def _folds(
    scheme: WalkForward,
    starts: range,
    sessions: Times,
    position: Indices,
    t_entry: Times,
    alive_until: Times,
    t_touch: Times,
) -> Iterator[Fold]:
    for start in starts:
        oldest = 0 if scheme.window == "expanding" else start - scheme.first
        newest = start - scheme.embargo
        in_test = (position >= start) & (position < start + scheme.test)
        in_train = (position >= oldest) & (position < newest)
        if in_test.any():
            # Closed on both sides: a label that ends as the test span begins is purged too.
            begins, ends = t_entry[in_test].min(), t_touch[in_test].max()
            in_train &= (alive_until < begins) | (t_entry > ends)
        yield Fold(
            train=np.flatnonzero(in_train),
            test=np.flatnonzero(in_test),
            train_sessions=sessions[oldest:newest],
            test_sessions=sessions[start : start + scheme.test],
        )
