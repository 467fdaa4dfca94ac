"""The way to a fit over folds: each one is a trial, and the ledger has it before anyone sees it.

The other is ``alphaline.research.combinatorial``, which records through `Trials.record` too.

N is counted by dataset family and label family, which follow from the prepared data: the declared
datasets of the target instruments' bars, the instruments themselves, and the horizon. Another name of
experiment or strategy, another feature set, other columns, models, parameters or folds are further
trials of the same count.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphaline import features, labels, market, metrics, models, research, trading, validation
from alphaline.errors import LedgerError
from alphaline.models.catalogue import ModelSpec
from alphaline.models.estimators import Estimator
from alphaline.research.outcomes import Outcome, outcome_of, stitched_returns
from alphaline.research.prepared import PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.research.walk import FittedFold, fit_fold, fit_rows, folds_of
from alphaline.runtime.code_version import code_version
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialMatrix, TrialSeries, label_family
from alphaline.validation.combinatorial import CombinatorialPurged
from alphaline.validation.gate import GateVerdict, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_thresholds import GateThresholds, gate_v1
from alphaline.validation.trades import EntryThresholds

Floats = NDArray[np.float64]
# Called after each fold with its number and the daily returns so far, by fold set; it may raise.
OnFold = Callable[[int, Mapping[str, Floats]], None]

# What a trial's returns depend on; a change elsewhere makes no new trial.
SOURCES = (market, features, labels, validation, metrics, models, trading, research)


def ledger_folder(data_root: Path) -> Path:
    """Return where the trial ledger of a data root lies."""
    return data_root / "trials"


def open_ledger(data_root: Path | str) -> TrialLedger:
    """Return the trial ledger of a data root; the folder is made where it is missing.

    Keep one for all your work: what it does not know of, the gate does not count.
    """
    return TrialLedger(ledger_folder(Path(data_root)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A fit over all folds of both fold sets, as it stands in the ledger.

    Parameters
    ----------
    outcomes
        One for each fold set.
    fitted
        The fitted folds of each fold set, for what looks into the models: importances, calibration.
    """

    trial_id: str
    spec: ModelSpec
    outcomes: tuple[Outcome, ...]
    fitted: Mapping[str, tuple[FittedFold, ...]]


class Trials:
    """Fits models on prepared data, under one set of terms, into one ledger.

    Parameters
    ----------
    threads
        Threads of each fit.
    version
        Version of the code; None: that of the library's sources.
    """

    def __init__(
        self,
        ledger: TrialLedger,
        data: PreparedData,
        terms: StudyTerms,
        *,
        threads: int = 1,
        version: str | None = None,
    ) -> None:
        self.ledger, self.data, self.terms = ledger, data, terms
        self.threads = threads
        self.code_version = code_version(SOURCES) if version is None else version

    @property
    def family(self) -> tuple[str, str]:
        """Dataset family and label family, by which trials are counted."""
        data = self.data
        return data.dataset_family, label_family(data.instruments, data.horizon_ns)

    def count(self) -> int:
        """Return N: every trial of this dataset and label family that was ever recorded."""
        return self.ledger.count(*self.family)

    def matrix(self, fold_set: str) -> TrialMatrix:
        """Return the daily returns of all these trials over a fold set."""
        return self.ledger.matrix(*self.family, fold_set)

    def fit(self, spec: ModelSpec, on_fold: OnFold | None = None) -> Trial:
        """Fit ``spec`` on every fold of both fold sets, record the trial and return it.

        Fold by fold, the fold sets side by side. Where a fold or ``on_fold`` raises, what was fitted
        until then is recorded all the same, as a trial of so many folds: it was seen.

        Raises
        ------
        DatasetError
            If there are too few sessions, or decisions to train on.
        LedgerError
            If the same trial gave other returns before.
        """
        # Before the first fit: what cannot be fitted to its end is no trial.
        folds = folds_of(self.data, self.terms)
        count = len(next(iter(folds.values())))
        fitted: dict[str, list[FittedFold]] = {name: [] for name in folds}
        with recorded_if_broken_off(
            lambda: self.record(spec, self._outcomes(spec, fitted), folds=_fitted(fitted))
        ):
            for number in range(count):
                for name, own in folds.items():
                    fitted[name].append(
                        fit_fold(self.data, self.terms, spec, own[number], self.threads)
                    )
                if on_fold is not None:
                    on_fold(number, {k: stitched_returns(self.data, v) for k, v in fitted.items()})
        outcomes = self._outcomes(spec, fitted)
        trial_id = self.record(spec, outcomes)
        return Trial(
            trial_id=trial_id,
            spec=spec,
            outcomes=outcomes,
            fitted={name: tuple(own) for name, own in fitted.items()},
        )

    def record(
        self,
        spec: ModelSpec,
        outcomes: Sequence[Outcome],
        folds: int | None = None,
        scheme: CombinatorialPurged | None = None,
    ) -> str:
        """Append outcomes of ``spec`` to the ledger and return the trial's id.

        Recording the same again counts no new trial.

        Parameters
        ----------
        folds
            Folds or splits that were fitted before the trial ended; None: all.
        scheme
            See ``identity``.
        """
        identity = self.identity(spec, folds, scheme)
        for outcome in outcomes:
            self.ledger.append(
                TrialSeries(
                    identity=identity,
                    hypothesis_id=self.terms.hypothesis_id,
                    fold_set=outcome.fold_set,
                    sessions=np.array(outcome.sessions, np.int64),
                    net_returns=outcome.returns,
                    round_trips=outcome.round_trips,
                )
            )
        return identity.trial_id

    def identity(
        self, spec: ModelSpec, folds: int | None = None, scheme: CombinatorialPurged | None = None
    ) -> TrialIdentity:
        """Return what makes a fit of ``spec`` the trial it is.

        Parameters
        ----------
        folds
            See ``record``.
        scheme
            Of the combinatorial splits it was fitted on; None: the walk-forward folds. The same model
            on both was fitted twice, and is two trials.
        """
        data = self.data
        family, _ = self.family
        return TrialIdentity(
            dataset_family=family,
            dataset_digest=data.data_digest,
            instruments=data.instruments,
            horizon_ns=data.horizon_ns,
            label_digest=data.label_digest,
            parameters=self.chosen(spec, scheme)
            | ({} if folds is None else {"folds_fitted": folds}),
            code_version=self.code_version,
        )

    def chosen(
        self, spec: ModelSpec, scheme: CombinatorialPurged | None = None
    ) -> dict[str, int | float | str | None]:
        """Return everything that was chosen for a fit of ``spec``, data apart."""
        data = self.data
        return {
            **spec.chosen(),
            "feature_set": data.feature_set,
            "feature_set_digest": data.feature_set_digest,
            "features": len(data.columns),
            **self.terms.chosen(scheme),
            "purge_ns": data.longest_life_ns,
            **_costs(data),
        }

    def verdict(
        self, outcomes: Sequence[Outcome], thresholds: GateThresholds | None = None
    ) -> GateVerdict:
        """Return the gate's verdict on recorded outcomes, among all trials that the ledger holds.

        Raises
        ------
        ValueError
            If the outcomes are not in the ledger, not of one trial, or not of both fold sets.
        """
        matrices = {one.fold_set: self.matrix(one.fold_set) for one in outcomes}
        trial_id = _recorded(outcomes, matrices)
        evidence = [
            FoldSetEvidence(
                fold_set=one.fold_set,
                returns=one.returns,
                round_trips=self.ledger.round_trips(trial_id, one.fold_set),
                trials=matrices[one.fold_set].returns,
            )
            for one in outcomes
        ]
        return judge(thresholds or gate_v1(), evidence, self.count())

    def fit_all(self, spec: ModelSpec) -> tuple[Estimator, EntryThresholds]:
        """Fit ``spec`` on every decision, for delivery; with the thresholds of its predictions.

        Raises
        ------
        LedgerError
            If it is not a recorded trial: what was never tested out of sample is not delivered.
        """
        trial_id = self.identity(spec).trial_id
        if not self.ledger.hypotheses(trial_id):
            raise LedgerError(
                f"trial ledger: expected trial {trial_id} ({spec.kind}) to be recorded, saw none; "
                "fit it over the folds first"
            )
        estimator = fit_rows(self.data, spec, np.arange(len(self.data)), self.threads)
        return estimator, self.terms.thresholds(estimator.predict(self.data.features))

    def _outcomes(
        self, spec: ModelSpec, fitted: Mapping[str, Sequence[FittedFold]]
    ) -> tuple[Outcome, ...]:
        return tuple(
            outcome_of(self.data, spec.kind, name, own, self.terms.measures)
            for name, own in fitted.items()
            if own
        )


@contextmanager
def recorded_if_broken_off(record: Callable[[], object]) -> Iterator[None]:
    """Call ``record`` where the block raises, and let the fault go on: what was fitted was seen."""
    try:
        yield
    except BaseException:
        # A fault of the recording must not hide the one that ended the trial.
        with suppress(LedgerError):
            record()
        raise


def _recorded(outcomes: Sequence[Outcome], matrices: Mapping[str, TrialMatrix]) -> str:
    # By the returns and not by what the caller says: the best of each fold set is no trial.
    same = [_with_returns(matrices[one.fold_set], one.returns) for one in outcomes]
    shared = set.intersection(*same) if same else set()
    if not shared:
        raise ValueError(
            "gate: expected outcomes of one trial, saw none in the ledger with these returns in "
            f"{' and '.join(matrices) or 'any fold set'}; record the candidate before it is judged"
        )
    return min(shared)


def _with_returns(matrix: TrialMatrix, returns: Floats) -> set[str]:
    columns = zip(matrix.trial_ids, matrix.returns.T, strict=True)
    return {trial for trial, own in columns if np.array_equal(own[~np.isnan(own)], returns)}


def _costs(data: PreparedData) -> dict[str, float]:
    return {
        f"cost_{name}_{one.instrument}": value
        for one in data.traded
        for name, value in one.costs.chosen().items()
    }


def _fitted(fitted: Mapping[str, Sequence[FittedFold]]) -> int:
    return max(len(own) for own in fitted.values())
