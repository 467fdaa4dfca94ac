"""A study: one hypothesis on prepared data, from a model's configuration to the gate's verdict.

What the line's training pipeline calls is what a researcher calls: the same folds, fits, thresholds,
trades, measures, ledger and gate.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from alphaline.errors import DatasetError
from alphaline.metrics.intervals import Interval, headline_intervals, sharpe_delta_interval
from alphaline.models.catalogue import ModelSpec
from alphaline.research.combinatorial import OnSplit, fit_combinatorial
from alphaline.research.outcomes import Outcome, beside_baseline
from alphaline.research.paths import PathsResult, paths_result
from alphaline.research.prepared import PreparedData
from alphaline.research.terms import StudyTerms
from alphaline.research.trials import OnFold, Trial, Trials
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.validation.gate import GateVerdict

# The resamples of one series are the same on every run.
BOOTSTRAP_SEED = 7


class Headline(msgspec.Struct, frozen=True):
    """A headline figure with its 95 % interval by block bootstrap; None where not defined."""

    estimate: float | None
    low: float | None
    high: float | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A result beside its baseline.

    Parameters
    ----------
    trial_id, model, feature_set
        The baseline.
    sharpe_delta
        Sharpe ratio less the baseline's by fold set, both resampled at the same sessions.
    """

    trial_id: str
    model: str
    feature_set: str
    sharpe_delta: dict[str, Headline]


class StudyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a study found out about one model; as JSON it is the record of the run.

    Parameters
    ----------
    hypothesis_id, trial_id
        Name of the idea, and the trial in the ledger.
    spec, chosen
        The model; everything that was chosen, as the trial's identity states it.
    dataset_family, label_family, trials_counted
        By which families N was counted, and N.
    inputs
        Digest of every dataset that features were computed from, by name.
    outcomes
        Series and measures of each fold set, stitched and per fold.
    intervals
        Headline figures by fold set and name, see ``alphaline.metrics.headline``.
    verdict
        What the gate says, reasons included.
    baseline
        None where none was given.
    """

    hypothesis_id: str
    trial_id: str
    spec: ModelSpec
    chosen: dict[str, int | float | str | None]
    dataset_family: str
    label_family: str
    instruments: tuple[str, ...]
    feature_set: str
    inputs: dict[str, str]
    data_digest: str
    label_digest: str
    code_version: str
    outcomes: tuple[Outcome, ...]
    intervals: dict[str, dict[str, Headline]]
    verdict: GateVerdict
    trials_counted: int
    baseline: Comparison | None = None

    def outcome(self, fold_set: str) -> Outcome:
        """Return the outcome of ``rolling`` or ``expanding``."""
        return next(one for one in self.outcomes if one.fold_set == fold_set)


class Study:
    """One hypothesis on prepared data; every fit of it is a trial in the ledger.

    Parameters
    ----------
    data
        Cut with ``PreparedData.before`` where a span is held out: a study sees all it is given.
    threads, version
        See ``Trials``.
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
        self.trials = Trials(ledger, data, terms, threads=threads, version=version)

    def run(
        self, spec: ModelSpec, baseline: StudyResult | None = None, on_fold: OnFold | None = None
    ) -> StudyResult:
        """Fit ``spec`` over both fold sets, record it and return the result with the verdict.

        Raises
        ------
        DatasetError
            If there are too few sessions or decisions, or the baseline is of other sessions.
        """
        return self.result(self.trials.fit(spec, on_fold), baseline)

    def paths(
        self,
        spec: ModelSpec,
        *,
        groups: int = 6,
        test_groups: int = 2,
        on_split: OnSplit | None = None,
    ) -> PathsResult:
        """Fit ``spec`` over combinatorial purged splits, record it and return how its paths differ.

        Evidence beside the verdict of ``run``, which it does not change but through N: it is a trial of
        its own, also where ``run`` had the same model. See ``fit_combinatorial``, which names the errors.
        """
        trial = fit_combinatorial(
            self.trials, spec, groups=groups, test_groups=test_groups, on_split=on_split
        )
        return paths_result(self.trials, trial)

    def result(self, trial: Trial, baseline: StudyResult | None = None) -> StudyResult:
        """Return what a recorded trial comes to among all that were counted by now."""
        data, trials = self.trials.data, self.trials
        dataset_family, labels = trials.family
        outcomes, comparison = trial.outcomes, None
        if baseline is not None:
            comparison = compared(outcomes, baseline)
            if "sharpe_delta" in trials.terms.measures:
                outcomes = tuple(
                    beside_baseline(one, baseline.outcome(one.fold_set)) for one in outcomes
                )
        verdict = trials.verdict(trial.outcomes)
        return StudyResult(
            hypothesis_id=trials.terms.hypothesis_id,
            trial_id=trial.trial_id,
            spec=trial.spec,
            chosen=trials.chosen(trial.spec),
            dataset_family=dataset_family,
            label_family=labels,
            instruments=data.instruments,
            feature_set=data.feature_set,
            inputs=dict(data.inputs),
            data_digest=data.data_digest,
            label_digest=data.label_digest,
            code_version=trials.code_version,
            outcomes=outcomes,
            intervals={one.fold_set: headlines(one) for one in trial.outcomes},
            verdict=verdict,
            trials_counted=verdict.trials_counted,
            baseline=comparison,
        )


def headlines(outcome: Outcome) -> dict[str, Headline]:
    """Return the headline figures of a fold set with their intervals."""
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return {k: headline(one) for k, one in headline_intervals(outcome.returns, rng).items()}


def compared(outcomes: Sequence[Outcome], baseline: StudyResult) -> Comparison:
    """Return the Sharpe ratios of ``outcomes`` less those of ``baseline``, over the same sessions.

    Raises
    ------
    DatasetError
        If the two were tested on different sessions.
    """
    deltas = {}
    for one in outcomes:
        other = baseline.outcome(one.fold_set)
        if one.sessions != other.sessions:
            raise DatasetError(
                f"baseline: expected the {len(one.sessions)} {one.fold_set} test sessions of the "
                f"candidate, saw {len(other.sessions)}, not the same; run it on the same folds"
            )
        rng = np.random.default_rng(BOOTSTRAP_SEED)
        delta = sharpe_delta_interval(one.returns, other.returns, rng)
        deltas[one.fold_set] = headline(delta)
    return Comparison(
        trial_id=baseline.trial_id,
        model=baseline.spec.kind,
        feature_set=baseline.feature_set,
        sharpe_delta=deltas,
    )


def headline(interval: Interval) -> Headline:
    """Return an interval as it is recorded."""
    values = (interval.estimate, interval.low, interval.high)
    return Headline(*(value if np.isfinite(value) else None for value in values))
