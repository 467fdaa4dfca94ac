"""Feature selection on prepared data: which columns earn their place before the held-out span.

The selection looks at the models of one recorded trial: what it sees has been counted before it is seen,
and what it returns may be judged on the span that it was not given.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso
from alphaline.models.catalogue import ModelSpec
from alphaline.models.estimators import Estimator
from alphaline.research.prepared import PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import Trials
from alphaline.research.walk import FittedFold, folds_of, label_weights
from alphaline.selection import Sample, Selection, SelectionRule, select_features
from alphaline.validation.gate_thresholds import gate_v1
from alphaline.validation.walk_forward import Fold

# On all the past: the larger training spans give the steadier importances.
FOLD_SET = "expanding"

# Of the permutations, so that the same data give the same answer.
PERMUTATION_SEED = 7

# Told what is being done, a line at a time.
OnStep = Callable[[str], None]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SelectedColumns:
    """A selection of columns with what it rests on.

    Parameters
    ----------
    selection
        Verdict and evidence on every column.
    spec
        The model whose need of the columns was measured.
    trial_id
        The trial in the ledger that its fits are; None where no column was fit to be judged.
    trials_counted
        N after it: every trial on these targets and this horizon, this one included.
    instruments, feature_set
        Whose decisions, and the set that the columns are of.
    first_session, last_session, held_out_from
        What was seen, and the first session that was not; midnight UTC of their dates.
    decisions, folds
        Labelled decisions, and folds over them.
    """

    selection: Selection
    spec: ModelSpec
    trial_id: str | None
    trials_counted: int
    instruments: tuple[str, ...]
    feature_set: str
    first_session: int
    last_session: int
    held_out_from: int
    decisions: int
    folds: int


def sample_of(data: PreparedData) -> Sample:
    """Return the long labels of ``data`` with their features, weighted by their uniqueness."""
    return Sample(
        names=data.columns,
        rows=data.features,
        labels=data.longs.y.astype(np.int8),
        weights=label_weights(data, np.arange(len(data))),
    )


def held_out_by_default(data: PreparedData, terms: StudyTerms, folds: int = 0) -> int:
    """Return the first session that a selection must not see, where nobody says which.

    Parameters
    ----------
    folds
        Test spans at the end that no search looks at (``research.search.held_out_folds``): the
        first session of these. 0: as many sessions are left as the gate needs to judge a set.

    Raises
    ------
    DatasetError
        If nothing is left before them.
    """
    session = data.sessions.session
    if folds:
        return terms.held_out_from(data, folds)
    demanded = gate_v1().minimum_sessions
    if len(session) > demanded:
        return int(session[-demanded])
    raise DatasetError(
        f"selection: expected more than {demanded} sessions, since so many are held out to judge the "
        f"selected set, saw {len(session)}; give more data, or say which sessions to hold out"
    )


def select_columns(
    trials: Trials,
    spec: ModelSpec,
    *,
    held_out_from: int,
    rule: SelectionRule | None = None,
    on_step: OnStep | None = None,
) -> SelectedColumns:
    """Return which columns of the data to keep, judged on what is known before ``held_out_from``.

    One trial of ``spec``, with the columns that are fit to be judged, is fitted over the folds of
    both fold sets and recorded; the models of its expanding folds, each on the test span that
    follows its training, say what every column is worth.

    Parameters
    ----------
    trials
        On the whole data: the cut is made here.
    held_out_from
        Midnight UTC of the date of the first session that the selection must not see. Judge the
        selected set from there on.
    rule
        Thresholds; by default ``SelectionRule()``.

    Raises
    ------
    DatasetError
        If no session is held out, too few sessions or decisions are left before, or a fold trains on
        one class only.
    """
    tell = on_step or (lambda _: None)
    _require_held_out(trials.data, held_out_from)
    seen = trials.data.before(held_out_from)
    folds = folds_of(seen, trials.terms)[FOLD_SET]
    fits = _RecordedFits(trials, seen, spec, len(folds), tell)
    selection = select_features(
        sample_of(seen), folds, fits.of, np.random.default_rng(PERMUTATION_SEED), rule
    )
    return SelectedColumns(
        selection=selection,
        spec=spec,
        trial_id=fits.trial_id,
        trials_counted=trials.count(),
        instruments=seen.instruments,
        feature_set=seen.feature_set,
        first_session=int(seen.sessions.session[0]),
        last_session=int(seen.sessions.session[-1]),
        held_out_from=held_out_from,
        decisions=len(seen),
        folds=len(folds),
    )


def _require_held_out(data: PreparedData, held_out_from: int) -> None:
    last = int(data.sessions.session[-1])
    if held_out_from > last:
        raise DatasetError(
            f"selection: expected sessions to hold out, of the data up to {iso(last)}, saw none from "
            f"{iso(held_out_from)} on; a selected set can be judged only on what selected nothing"
        )


class _RecordedFits:
    """The models of one trial, which is fitted and recorded when the first of them is asked for."""

    def __init__(
        self, trials: Trials, data: PreparedData, spec: ModelSpec, folds: int, tell: OnStep
    ) -> None:
        self.trial_id: str | None = None
        self._trials, self._data, self._spec = trials, data, spec
        self._folds, self._tell = folds, tell
        self._fitted: list[FittedFold] = []

    def of(self, sample: Sample, fold: Fold) -> Estimator:
        if self.trial_id is None:
            self._fit(sample.names)
        begins = [int(one.fold.test_sessions[0]) for one in self._fitted]
        number = begins.index(int(fold.test_sessions[0]))
        self._tell(f"what each column is worth in fold {number + 1} of {self._folds}")
        return self._fitted[number].estimator

    def _fit(self, columns: tuple[str, ...]) -> None:
        trials = Trials(
            self._trials.ledger,
            self._data.with_columns(columns),
            self._trials.terms,
            threads=self._trials.threads,
            version=self._trials.code_version,
        )
        trial = trials.fit(self._spec, self._tell_fold)
        self.trial_id = trial.trial_id
        self._fitted += trial.fitted[FOLD_SET]

    def _tell_fold(self, number: int, _: object) -> None:
        self._tell(f"models of fold {number + 1} of {self._folds}")
