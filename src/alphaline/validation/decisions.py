"""What is demanded of decisions before any of them is split into training and test."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso

Times = NDArray[np.int64]
Indices = NDArray[np.intp]

# Two leaves of the hundred labels that a leaf of the models needs: with less nothing is learned.
LEAST_TRAINING = 200


class Trained(Protocol):
    """A fold of walk-forward or a combinatorial split."""

    @property
    def train(self) -> Indices:
        """Indices of the decisions to train on."""

    @property
    def tests_from(self) -> int:
        """Label of the first test session."""


def require_decisions(
    where: str, sessions: Times, decision_session: Times, t_entry: Times, t_touch: Times
) -> None:
    """Demand decisions in known sessions whose labels have a life; ``where`` names the asker.

    Raises
    ------
    DatasetError
        If the arrays differ in length, sessions do not ascend, a decision's session is not among
        them, or a label ends at its entry or before.
    """
    lengths = [len(decision_session), len(t_entry), len(t_touch)]
    if len(set(lengths)) > 1:
        raise DatasetError(
            f"{where}: expected one session, entry and touch per decision, saw "
            f"{lengths[0]}, {lengths[1]} and {lengths[2]}"
        )
    if (np.diff(sessions) <= 0).any():
        raise DatasetError(f"{where}: expected strictly increasing sessions; sort and deduplicate")
    if (unknown := np.setdiff1d(decision_session, sessions)).size:
        raise DatasetError(
            f"{where}: expected decisions in known sessions, saw {unknown[:3].tolist()}; "
            "take sessions from the calendar that the decisions were made by"
        )
    if (dead := np.flatnonzero(t_touch <= t_entry)).size:
        raise DatasetError(
            f"{where}: expected every label to end after its entry, saw decision {dead[0]} from "
            f"{t_entry[dead[0]]} to {t_touch[dead[0]]}; leave unlabelled decisions out"
        )


def require_trainable(
    where: str, folds: Sequence[Trained], y: NDArray[np.int8], least: int = LEAST_TRAINING
) -> None:
    """Demand that every fold has enough decisions of both classes to train on.

    Parameters
    ----------
    where
        Whose folds they are: instruments and fold set.
    folds
        From `walk_forward` or `combinatorial_splits`.
    y
        int8 (m,): labels, 0 or 1, of the decisions that the folds index.
    least
        Fewest training decisions of a fold.

    Raises
    ------
    DatasetError
        For the first fold that is too short, with its first test session and its numbers.
    """
    for number, fold in enumerate(folds, start=1):
        ones = int((y[fold.train] == 1).sum())
        if len(fold.train) < least or ones in (0, len(fold.train)):
            raise DatasetError(
                f"{where}: fold {number} of {len(folds)}, which tests from {iso(fold.tests_from)} on: "
                f"expected {least} training decisions or more, of both classes, saw "
                f"{len(fold.train)} with {ones} of class 1 after purge and embargo; give more data, "
                "lengthen the training span (research.folds.first, or fewer groups), or shorten "
                "embargo or horizon"
            )
