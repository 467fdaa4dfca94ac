"""All trials of a hypothesis side by side, with their number and what the gate says of each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import LedgerError
from alphaline.messages import Number
from alphaline.metrics.financial import SESSIONS_PER_YEAR, sharpe_ratio
from alphaline.metrics.intervals import headline_intervals
from alphaline.research.paths import PathSharpe, recorded_paths
from alphaline.research.study import BOOTSTRAP_SEED, Headline, StudyResult, headline
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import RecordedSeries, TrialMatrix
from alphaline.validation.gate import FOLD_SETS, judge
from alphaline.validation.gate_checks import FoldSetEvidence
from alphaline.validation.gate_thresholds import gate_v1
from alphaline.validation.sharpe import expected_maximum

Floats = NDArray[np.float64]

# What a person reads; all others are counted all the same.
SHOWN = 20


class ComparedTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One trial.

    Parameters
    ----------
    model, feature_set, features
        Kind of model, name of the feature set and number of its columns; empty or None where an older
        record does not say.
    folds_fitted
        Folds until it was broken off; None: all.
    sessions, round_trips
        By fold set.
    sharpe
        Annualised Sharpe ratio of its stitched returns, by fold set; None where not defined.
    headlines
        Headline figures with intervals by fold set.
    outcome, failed
        What the gate says, and the checks that do not hold, as ``<fold set> <check>``. A trial that was
        broken off brings too little evidence, however long it ran.
    paths
        Sharpe ratios of its combinatorial paths, None where it has none. Such a trial was fitted on
        splits and not over the two fold sets: nothing else is said of it, and the gate has not judged it.
    run_id
        Its MLflow run, None where it was not logged.
    parameters
        Everything that was chosen.
    """

    trial_id: str
    model: str
    feature_set: str
    features: int | None
    folds_fitted: int | None
    sessions: dict[str, int]
    round_trips: dict[str, int]
    sharpe: dict[str, float | None]
    headlines: dict[str, dict[str, Headline]]
    outcome: str
    failed: tuple[str, ...]
    parameters: dict[str, int | float | str | None]
    paths: PathSharpe | None = None
    run_id: str | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The trials of a hypothesis within one dataset and label family.

    Parameters
    ----------
    trials_counted
        N: all trials of the family, those of other hypotheses and those not shown included.
    recorded
        Trials of this hypothesis.
    sharpe_by_luck
        Annualised Sharpe ratio that the best of N trials without an edge has on average, over the
        sessions of the longest fold set; None where N is 1.
    trials
        The best by the weaker of their two Sharpe ratios first, those of combinatorial paths last.
    """

    hypothesis_id: str
    dataset_family: str
    label_family: str
    trials_counted: int
    recorded: int
    sharpe_by_luck: float | None
    trials: tuple[ComparedTrial, ...]


def compare(
    ledger: TrialLedger,
    hypothesis_id: str,
    *,
    shown: int = SHOWN,
    runs: Mapping[str, str] | None = None,
) -> tuple[Table, ...]:
    """Return a table for each dataset and label family that the hypothesis has trials in.

    Parameters
    ----------
    shown
        Trials that are judged and shown, the best first; all are counted.
    runs
        MLflow run by trial id.

    Raises
    ------
    LedgerError
        If nothing was recorded under that name.
    """
    families = _by_family(ledger.recorded(hypothesis_id))
    if not families:
        raise LedgerError(
            f"trial ledger: expected a hypothesis of {', '.join(ledger.hypothesis_ids()) or 'any'}, "
            f"saw {hypothesis_id!r}; run a study of it first"
        )
    return tuple(
        _table(ledger, hypothesis_id, family, series, shown, runs or {})
        for family, series in families.items()
    )


def tables_of(result: StudyResult, tables: Iterable[Table]) -> list[Table]:
    """Return those of ``tables`` that hold the trials a study is judged among."""
    family = (result.dataset_family, result.label_family)
    return [one for one in tables if (one.dataset_family, one.label_family) == family]


def daily_returns(ledger: TrialLedger, table: Table, trial_id: str, fold_set: str) -> TrialMatrix:
    """Return the series of one trial of ``table``, as a matrix of one column."""
    matrix = ledger.matrix(table.dataset_family, table.label_family, fold_set)
    column = matrix.returns[:, matrix.trial_ids.index(trial_id)]
    known = ~np.isnan(column)
    return TrialMatrix(
        sessions=matrix.sessions[known], trial_ids=(trial_id,), returns=column[known][:, None]
    )


def _by_family(
    recorded: Iterable[RecordedSeries],
) -> dict[tuple[str, str], dict[str, dict[str, RecordedSeries]]]:
    found: dict[tuple[str, str], dict[str, dict[str, RecordedSeries]]] = {}
    for one in recorded:
        family = (one.identity.dataset_family, one.identity.label_family)
        found.setdefault(family, defaultdict(dict))[one.trial_id][one.fold_set] = one
    return found


def _table(
    ledger: TrialLedger,
    hypothesis_id: str,
    family: tuple[str, str],
    series: Mapping[str, Mapping[str, RecordedSeries]],
    shown: int,
    runs: Mapping[str, str],
) -> Table:
    matrices = {name: ledger.matrix(*family, name) for name in FOLD_SETS}
    count = ledger.count(*family)
    returns = {trial_id: _returns(matrices, trial_id) for trial_id in series}
    paths = recorded_paths(ledger, *family)
    ranked = sorted(series, key=lambda trial_id: -_weaker_sharpe(returns[trial_id].values()))
    return Table(
        hypothesis_id=hypothesis_id,
        dataset_family=family[0],
        label_family=family[1],
        trials_counted=count,
        recorded=len(series),
        sharpe_by_luck=_by_luck(matrices, count),
        trials=tuple(
            msgspec.structs.replace(
                _compared(trial_id, series[trial_id], returns[trial_id], matrices, count),
                paths=paths.get(trial_id),
                run_id=runs.get(trial_id),
            )
            for trial_id in ranked[:shown]
        ),
    )


def _returns(matrices: Mapping[str, TrialMatrix], trial_id: str) -> dict[str, Floats]:
    found = {}
    for name, matrix in matrices.items():
        if trial_id in matrix.trial_ids:
            column = matrix.returns[:, matrix.trial_ids.index(trial_id)]
            found[name] = column[~np.isnan(column)]
    return found


def _weaker_sharpe(series: Iterable[Floats]) -> float:
    ratios = [sharpe_ratio(one) for one in series]
    return min((ratio if np.isfinite(ratio) else 0.0 for ratio in ratios), default=-np.inf)


def _compared(
    trial_id: str,
    series: Mapping[str, RecordedSeries],
    returns: Mapping[str, Floats],
    matrices: Mapping[str, TrialMatrix],
    count: int,
) -> ComparedTrial:
    chosen = next(iter(series.values())).identity.parameters
    features, fitted = chosen.get("features"), chosen.get("folds_fitted")
    outcome, failed = _judged(series, returns, matrices, count, fitted)
    return ComparedTrial(
        trial_id=trial_id,
        model=str(chosen.get("model", "")),
        feature_set=str(chosen.get("feature_set", "")),
        features=features if isinstance(features, int) else None,
        folds_fitted=fitted if isinstance(fitted, int) else None,
        sessions={name: len(own) for name, own in returns.items()},
        round_trips={name: one.round_trips for name, one in series.items()},
        sharpe={name: _defined(sharpe_ratio(own)) for name, own in returns.items()},
        headlines={name: _headlines(own) for name, own in returns.items()},
        outcome=outcome,
        failed=failed,
        parameters=dict(chosen),
    )


def _judged(
    series: Mapping[str, RecordedSeries],
    returns: Mapping[str, Floats],
    matrices: Mapping[str, TrialMatrix],
    count: int,
    folds_fitted: Number | None,
) -> tuple[str, tuple[str, ...]]:
    if folds_fitted is not None and returns:
        # Whoever watches a trial and ends it where it looks good has chosen its last session.
        ended = f"broken off after {folds_fitted} folds"
        return "INSUFFICIENT_EVIDENCE", tuple(f"{name} {ended}" for name in returns)
    if missing := [name for name in FOLD_SETS if name not in returns]:
        return "INSUFFICIENT_EVIDENCE", tuple(f"{name} not run" for name in missing)
    evidence = [
        FoldSetEvidence(
            fold_set=name,
            returns=returns[name],
            round_trips=series[name].round_trips,
            trials=matrices[name].returns,
        )
        for name in FOLD_SETS
    ]
    verdict = judge(gate_v1(), evidence, count)
    failed = tuple(f"{one.fold_set} {one.check}" for one in verdict.reasons if not one.holds)
    return verdict.outcome, failed


def _headlines(returns: Floats) -> dict[str, Headline]:
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return {name: headline(one) for name, one in headline_intervals(returns, rng).items()}


def _by_luck(matrices: Mapping[str, TrialMatrix], count: int) -> float | None:
    sessions: Sequence[int] = [len(matrix.sessions) for matrix in matrices.values()]
    if count < 2 or max(sessions) == 0:
        return None
    return float(expected_maximum(count) * np.sqrt(SESSIONS_PER_YEAR / max(sessions)))


def _defined(value: float) -> float | None:
    return value if np.isfinite(value) else None
