"""Folds whose training rows know something of the test span."""

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from sklearn.model_selection import KFold

from alphaline.cli.verification.leaks.daily import strategy
from alphaline.cli.verification.leaks.record import REACH, Leak
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.research.walk import folds_of
from alphaline.validation.combinatorial import CombinatorialPurged, Split, combinatorial_splits
from alphaline.validation.walk_forward import Fold, walk_forward

# Sessions that must lie between training and test. More than the purge keeps out by itself: with three
# sessions of horizon the longest label spans the closed week of September 2001.
EMBARGO = 21


def _terms() -> StudyTerms:
    stated = StudyTerms.of(strategy())
    return replace(stated, folds=msgspec.structs.replace(stated.folds, embargo=EMBARGO))


def _fold(data: PreparedData, train: Indices, test: Indices) -> Fold:
    return Fold(
        train=train,
        test=test,
        train_sessions=np.unique(data.session[train]),
        test_sessions=np.unique(data.session[test]),
    )


def walk(data: PreparedData, **changes: Any) -> list[Fold]:
    """Return expanding folds of the strategy file with this embargo, and with some of it changed."""
    stated = _terms().schemes(data)["expanding"]
    return walk_forward(
        replace(stated, **changes),
        sessions=data.sessions.session,
        decision_session=data.session,
        t_entry=data.longs.t_entry,
        t_touch=data.t_touch,
    )


def _by_rows(data: PreparedData, *, shuffle: bool) -> list[Fold]:
    parts = KFold(5, shuffle=shuffle, random_state=7 if shuffle else None)
    order = np.argsort(data.known_at, kind="stable")
    return [_fold(data, order[a], order[b]) for a, b in parts.split(order)]


def _shuffled(data: PreparedData) -> list[Fold]:
    return _by_rows(data, shuffle=True)


def _blocks_without_purge(data: PreparedData) -> list[Fold]:
    return _by_rows(data, shuffle=False)


def _without_embargo(data: PreparedData) -> list[Fold]:
    return walk(data, embargo=0)


def _without_purge(data: PreparedData) -> list[Fold]:
    return [_fold(data, _before(data, fold), fold.test) for fold in walk(data)]


def _purged_by_outcome(data: PreparedData) -> list[Fold]:
    return [_ended(data, fold) for fold in walk(data)]


def _embargo_in_rows(data: PreparedData) -> list[Fold]:
    rows = np.argsort(data.known_at, kind="stable")
    return [
        _fold(data, rows[np.isin(rows, _before(data, fold))][:-EMBARGO], fold.test)
        for fold in walk(data)
    ]


def _before(data: PreparedData, fold: Fold) -> Indices:
    return np.flatnonzero(data.session < fold.test_sessions[0])


def _ended(data: PreparedData, fold: Fold) -> Fold:
    train = _before(data, fold)
    begins = data.longs.t_entry[fold.test].min()
    return _fold(data, train[data.t_touch[train] < begins], fold.test)


def _after_the_test(data: PreparedData) -> list[Fold]:
    return [
        _fold(
            data,
            np.flatnonzero(~np.isin(data.session, fold.test_sessions)),
            fold.test,
        )
        for fold in walk(data)
    ]


def _drawn_again(data: PreparedData) -> list[Fold]:
    rng = np.random.default_rng(7)
    return [
        _fold(data, np.union1d(fold.train, rng.choice(fold.test, 20, replace=False)), fold.test)
        for fold in walk(data)
    ]


def _other_instrument(data: PreparedData) -> list[Fold]:
    return [_fold(data, data.rows_of(0), data.rows_of(1))]


def _half_as_often(data: PreparedData) -> list[Fold]:
    return walk(data, step=252)


def _rolling(data: PreparedData) -> list[Fold]:
    return folds_of(data, _terms())["rolling"]


def _expanding(data: PreparedData) -> list[Fold]:
    return folds_of(data, _terms())["expanding"]


def _combinatorial(data: PreparedData) -> list[Split]:
    return _splits(data, groups=6)


def _combinatorial_in_more_groups(data: PreparedData) -> list[Split]:
    return _splits(data, groups=8)


def _splits(data: PreparedData, groups: int) -> list[Split]:
    return combinatorial_splits(
        CombinatorialPurged(
            groups=groups, test_groups=2, embargo=EMBARGO, purge_ns=data.longest_life_ns
        ),
        sessions=data.sessions.session,
        decision_session=data.session,
        t_entry=data.longs.t_entry,
        t_touch=data.t_touch,
    )


def _yearly(data: PreparedData) -> list[Fold]:
    return walk(data, test=252, step=252)


def _one_instrument_after_the_other(data: PreparedData) -> list[Fold]:
    return [
        _fold(data, np.intersect1d(fold.train, data.rows_of(0)), fold.test) for fold in walk(data)
    ]


def _every_other_session(data: PreparedData) -> list[Fold]:
    place = np.searchsorted(data.sessions.session, data.session)
    return [_fold(data, fold.train[place[fold.train] % 2 == 0], fold.test) for fold in walk(data)]


def _shorter(data: PreparedData) -> list[Fold]:
    return walk(data, window="rolling", first=504, test=63, step=63)


FOLDS = (
    Leak(
        "shuffled folds",
        "folds",
        "neighbours whose labels overlap stand in training and test",
        REACH,
        _shuffled,
        _combinatorial,
    ),
    Leak(
        "consecutive folds without purge",
        "folds",
        "labels at both edges of each test block reach across",
        REACH,
        _blocks_without_purge,
        _combinatorial_in_more_groups,
    ),
    Leak(
        "walk-forward without purge",
        "folds",
        "the last training labels end in the test span",
        REACH,
        _without_purge,
        _expanding,
    ),
    Leak(
        "walk-forward without embargo",
        "folds",
        "sessions right before the test span are trained on, though the study demands a distance",
        REACH,
        _without_embargo,
        _rolling,
    ),
    Leak(
        "purged by the outcome",
        "folds",
        "near the cut those decisions are kept that happened to end early",
        REACH,
        _purged_by_outcome,
        _yearly,
    ),
    Leak(
        "embargo counted in rows",
        "folds",
        "with two stocks a number of rows is half as many sessions",
        REACH,
        _embargo_in_rows,
        _shorter,
    ),
    Leak(
        "trained after the test without purge",
        "folds",
        "test labels are alive when the training rows behind them begin",
        REACH,
        _after_the_test,
        _every_other_session,
    ),
    Leak(
        "test rows drawn into training",
        "folds",
        "rows sampled again before the split are on both sides of it",
        REACH,
        _drawn_again,
        _half_as_often,
    ),
    Leak(
        "one stock for training, another for test",
        "folds",
        "labels of the same days, and one market moves both",
        REACH,
        _other_instrument,
        _one_instrument_after_the_other,
    ),
)
