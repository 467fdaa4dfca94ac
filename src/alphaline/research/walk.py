"""One fold of a walk: fit on the past, set thresholds on it, decide on what follows.

Nothing but ``alphaline.research.trials`` and ``alphaline.research.combinatorial`` calls this, and both
record what they fit: a fit that no ledger knows of would be a trial that the gate does not count. A
test keeps it so.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError, ModelError
from alphaline.labels.sample_weights import average_uniqueness
from alphaline.models.catalogue import ModelSpec, fit
from alphaline.models.estimators import Estimator
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.validation.decisions import require_trainable
from alphaline.validation.trades import EntryThresholds, Sides, entry_sides
from alphaline.validation.walk_forward import Fold, WalkForward, walk_forward

Floats = NDArray[np.float64]

# A model that hardly tells rows apart gives no thresholds, and opens nothing.
NO_ENTRY = EntryThresholds(entry_long=None, entry_short=None)


class FittedFold(NamedTuple):
    """What a fold came to.

    Parameters
    ----------
    fold
        Its training and test decisions.
    estimator, entries
        The model, and the thresholds that its training predictions gave.
    probability, sides
        float64 and int8, one for each of ``fold.test``: prediction, and the side it would open.
    """

    fold: Fold
    estimator: Estimator
    entries: EntryThresholds
    probability: Floats
    sides: Sides


def folds_of(data: PreparedData, terms: StudyTerms) -> dict[str, list[Fold]]:
    """Return the folds of each fold set over the decisions of ``data``.

    Raises
    ------
    DatasetError
        If there are too few sessions for a fold, or one has too little to train on.
    """
    return {name: _folds(data, terms, scheme) for name, scheme in terms.schemes(data).items()}


def tested_sessions(fitted: Sequence[FittedFold]) -> NDArray[np.int64]:
    """Return the test sessions of consecutive folds (midnight UTC of their dates)."""
    return np.concatenate([one.fold.test_sessions for one in fitted])


def fit_rows(data: PreparedData, spec: ModelSpec, rows: Indices, threads: int) -> Estimator:
    """Return the model fitted on the long labels of ``rows``, weighted by their uniqueness."""
    weights = label_weights(data, rows)
    return fit(spec, data.features[rows], data.longs.y[rows], weights, threads=threads)


def fit_fold(
    data: PreparedData, terms: StudyTerms, spec: ModelSpec, fold: Fold, threads: int
) -> FittedFold:
    """Return the fold's model with what it decides in the test span."""
    estimator = fit_rows(data, spec, fold.train, threads)
    entries = _entries(terms, estimator.predict(data.features[fold.train]))
    if not fold.test.size:
        return FittedFold(fold, estimator, entries, np.empty(0), np.empty(0, np.int8))
    probability = estimator.predict(data.features[fold.test])
    # The line refuses a vector with more nulls than the strategy allows.
    missing = np.isnan(data.features[fold.test]).sum(axis=1)
    decided = np.where(missing <= terms.max_missing_features, probability, np.nan)
    return FittedFold(fold, estimator, entries, probability, entry_sides(decided, entries))


def label_weights(data: PreparedData, rows: Indices) -> Floats:
    """Return the uniqueness of the labels of ``rows`` among themselves, by instrument; (len(rows),)."""
    weights = np.empty(len(rows))
    for index, one in enumerate(data.traded):
        own = data.instrument[rows] == index
        if own.any():
            began, ended = data.longs.t_entry[rows[own]], data.longs.t_touch[rows[own]]
            weights[own] = average_uniqueness(began, ended, one.bars.ts_event)
    return weights


def _folds(data: PreparedData, terms: StudyTerms, scheme: WalkForward) -> list[Fold]:
    where = f"{', '.join(data.instruments)}, {scheme.window} folds"
    if not scheme.test_starts(len(data.sessions)):
        raise DatasetError(
            f"{where}: expected {scheme.first + scheme.test} sessions or more, for research.folds.first "
            f"({scheme.first}) and one test span ({scheme.test}), saw {len(data.sessions)}; give more "
            "data or shorten them"
        )
    folds = walk_forward(
        scheme,
        sessions=data.sessions.session,
        decision_session=data.session,
        t_entry=data.longs.t_entry,
        # A short may live longer than a long: neither may reach into the test span.
        t_touch=data.t_touch,
    )
    require_trainable(where, folds, data.longs.y, terms.least_training)
    return folds


def _entries(terms: StudyTerms, probability: Floats) -> EntryThresholds:
    try:
        return terms.thresholds(probability)
    except ModelError:
        return NO_ENTRY
