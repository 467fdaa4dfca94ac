"""Combinatorial purged cross-validation by session: many out-of-sample histories, not one.

The sessions are cut into groups; each choice of test groups is a split, on whose other groups a model
is fitted. Put together, the test groups of all splits give several whole histories (paths), none of
them predicted by a model that saw it. Which groups are tested in which split and path comes from
skfolio; the purge by the lives of labels and the embargo in sessions are those of
``alphaline.validation.walk_forward``, on both sides of a test group.

References
----------
López de Prado, M. (2018), *Advances in Financial Machine Learning*, ch. 7 and 12.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.validation.decisions import require_decisions

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinatorialPurged:
    """A scheme of splits.

    Parameters
    ----------
    groups
        Groups of consecutive sessions, equally long but for the last, which takes the rest.
    test_groups
        Groups that are tested in each split. With 1 it is purged k-fold: each group is tested once,
        and there is a single path.
    embargo
        Sessions on either side of each test group that are not trained on.
    purge_ns
        The longest life of a label, as in `WalkForward`: whether a decision is purged does not
        depend on how early its label happened to end.

    Raises
    ------
    ValueError
        If the numbers leave no group to train on, or are negative.
    """

    groups: int
    test_groups: int
    embargo: int = 1
    purge_ns: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.test_groups < self.groups:
            raise ValueError(
                "combinatorial splits: expected 1 <= test_groups < groups, saw "
                f"test_groups={self.test_groups} groups={self.groups}"
            )
        if self.embargo < 0 or self.purge_ns < 0:
            raise ValueError(
                "combinatorial splits: expected embargo >= 0 and purge_ns >= 0, saw "
                f"embargo={self.embargo} purge_ns={self.purge_ns}"
            )

    @property
    def splits(self) -> int:
        """Number of splits, each of which is a fit."""
        return math.comb(self.groups, self.test_groups)

    @property
    def paths(self) -> int:
        """Number of whole histories that the test groups of all splits give."""
        return self.splits * self.test_groups // self.groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split: which decisions to train on, and which to predict for which paths.

    Parameters
    ----------
    train
        Indices into the decisions, ascending.
    train_sessions
        int64: the sessions they were drawn from, those without a decision included.
    groups
        The test groups, ascending; what follows is in their order.
    tests
        Indices into the decisions of each test group, ascending.
    test_sessions
        int64: sessions of each test group, those without a decision included.
    paths
        The path that each test group's predictions belong to.
    """

    train: Indices
    train_sessions: Times
    groups: tuple[int, ...]
    tests: tuple[Indices, ...]
    test_sessions: tuple[Times, ...]
    paths: tuple[int, ...]

    @property
    def test(self) -> Indices:
        """Indices of all test decisions, group after group."""
        return np.concatenate(self.tests)

    @property
    def tests_from(self) -> int:
        """Label of the first test session."""
        return int(self.test_sessions[0][0])


def combinatorial_splits(
    scheme: CombinatorialPurged,
    *,
    sessions: Times,
    decision_session: Times,
    t_entry: Times,
    t_touch: Times,
) -> list[Split]:
    """Return the splits of ``scheme``.

    Parameters
    ----------
    sessions
        int64 (S,): every session of the data, midnight UTC of its date, strictly increasing.
    decision_session
        int64 (m,): the session of each decision. Labelled decisions only, of any instruments.
    t_entry, t_touch
        int64 (m,): the life of each decision's label, UTC nanoseconds.

    Returns
    -------
    list of Split
        With a label alive from its entry to its touch, or for ``purge_ns`` if that is longer: no
        label of a training decision is alive at any time between the first entry of a test group
        and the last end of its labels, closed on both sides.

    Raises
    ------
    DatasetError
        If the arrays do not match, a session is unknown, or a group would have less than 2 sessions.
    """
    require_decisions("combinatorial splits", sessions, decision_session, t_entry, t_touch)
    if len(sessions) < 2 * scheme.groups:
        raise DatasetError(
            f"combinatorial splits: expected 2 sessions or more in each of {scheme.groups} groups, "
            f"saw {len(sessions)} sessions; give more data or ask for fewer groups"
        )
    alive_until = np.maximum(t_touch, t_entry + scheme.purge_ns)
    position = np.searchsorted(sessions, decision_session)
    splits = []
    for groups, spans, paths in _combinations(scheme, len(sessions)):
        is_open = _open_sessions(scheme, spans, len(sessions))
        splits.append(
            Split(
                train=_train(is_open, spans, position, t_entry, alive_until),
                train_sessions=sessions[is_open],
                groups=groups,
                tests=tuple(np.flatnonzero(np.isin(position, span)) for span in spans),
                test_sessions=tuple(sessions[span] for span in spans),
                paths=paths,
            )
        )
    return splits


def decision_paths(splits: Sequence[Split], values: Sequence[Floats], decisions: int) -> Floats:
    """Return out-of-sample values of every decision on every path.

    Parameters
    ----------
    values
        For each split float64, one value for each of its ``test`` in that order, such as predictions
        of the model that was fitted on its ``train``. NaN stays NaN.
    decisions
        m, the number of all decisions.

    Returns
    -------
    float64 (paths, m)
        Each path holds every decision once.

    Raises
    ------
    DatasetError
        If there is not one value per test decision.
    """
    return _stitched(splits, [split.tests for split in splits], values, decisions)


def session_paths(splits: Sequence[Split], returns: Sequence[Floats], sessions: Times) -> Floats:
    """Return out-of-sample returns of every session on every path, float64 (paths, S).

    Parameters
    ----------
    returns
        For each split float64, one value for each of its ``test_sessions``, group after group.
    sessions
        int64 (S,), as the splits were made of.

    Raises
    ------
    DatasetError
        If there is not one value per test session.
    """
    places = [
        tuple(np.searchsorted(sessions, span) for span in split.test_sessions) for split in splits
    ]
    return _stitched(splits, places, returns, len(sessions))


def _combinations(
    scheme: CombinatorialPurged, sessions: int
) -> Iterator[tuple[tuple[int, ...], list[Indices], tuple[int, ...]]]:
    if scheme.test_groups == 1:
        yield from _each_alone(scheme.groups, sessions)
        return
    from skfolio.model_selection import (  # noqa: PLC0415 - seconds to import, and the line has no use for it
        CombinatorialPurgedCV,
    )

    chooser = CombinatorialPurgedCV(n_folds=scheme.groups, n_test_folds=scheme.test_groups)
    tested = chooser.split(np.zeros((sessions, 1)))
    for groups, (_, spans), paths in zip(
        chooser.test_set_index, tested, chooser.get_path_ids(), strict=True
    ):
        yield tuple(groups.tolist()), spans, tuple(paths.tolist())


def _each_alone(
    groups: int, sessions: int
) -> Iterator[tuple[tuple[int, ...], list[Indices], tuple[int, ...]]]:
    # Plain k-fold, which skfolio leaves to others; the groups are cut as it cuts them.
    cuts = np.arange(1, groups) * (sessions // groups)
    for group, span in enumerate(np.split(np.arange(sessions), cuts)):
        yield (group,), [span], (0,)


def _open_sessions(
    scheme: CombinatorialPurged, spans: list[Indices], sessions: int
) -> NDArray[np.bool_]:
    is_open = np.ones(sessions, dtype=np.bool_)
    for span in spans:
        is_open[max(span[0] - scheme.embargo, 0) : span[-1] + 1 + scheme.embargo] = False
    return is_open


def _train(
    is_open: NDArray[np.bool_],
    spans: list[Indices],
    position: Indices,
    t_entry: Times,
    alive_until: Times,
) -> Indices:
    in_train = is_open[position]
    for span in spans:
        in_test = (position >= span[0]) & (position <= span[-1])
        if in_test.any():
            begins, ends = t_entry[in_test].min(), alive_until[in_test].max()
            in_train &= (alive_until < begins) | (t_entry > ends)
    return np.flatnonzero(in_train)


def _stitched(
    splits: Sequence[Split],
    places: Sequence[tuple[Indices, ...]],
    values: Sequence[Floats],
    width: int,
) -> Floats:
    lengths = [sum(len(place) for place in of_split) for of_split in places]
    if lengths != (seen := [len(one) for one in values]):
        raise DatasetError(
            f"combinatorial paths: expected {lengths} values for the splits, saw {seen}; pass one "
            "for each test of each split, group after group"
        )
    stitched = np.full((1 + max(max(split.paths) for split in splits), width), np.nan)
    for split, of_split, one in zip(splits, places, values, strict=True):
        cuts = np.cumsum([len(place) for place in of_split])[:-1]
        for path, place, part in zip(split.paths, of_split, np.split(one, cuts), strict=True):
            stitched[path, place] = part
    return stitched
