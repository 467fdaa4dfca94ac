"""Searches of parameters: persisted, resumable, and each of their trials counted.

A search makes the gate stricter, not easier: every trial it makes is one more in N, those that the
pruner breaks off too, and the best of them is judged among all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import TrialState

from alphaline.errors import ModelError
from alphaline.messages import digest
from alphaline.metrics.financial import sharpe_ratio
from alphaline.models.catalogue import ModelSpec
from alphaline.research.study import Study, StudyResult
from alphaline.research.trials import Trial

# Trials before any is broken off: a median of fewer says nothing.
STARTUP_TRIALS = 5

OnTrial = Callable[[int, float | None], None]


class Range(NamedTuple):
    """Where a parameter is searched; on a logarithmic scale where factors matter, not differences."""

    low: float
    high: float
    is_logarithmic: bool = False


_TREES = {"rounds": Range(50, 400, True), "learning_rate": Range(0.01, 0.2, True)}

# Narrower than what a model accepts: where a search of tens of trials can find something.
SPACES: Mapping[str, Mapping[str, Range]] = MappingProxyType(
    {
        "logistic": {"C": Range(1e-4, 10.0, True)},
        "random_forest": {
            "n_estimators": Range(100, 400, True),
            "max_depth": Range(3, 10),
            "min_samples_leaf": Range(20, 400, True),
            "max_features": Range(0.1, 0.8),
        },
        "hist_gradient_boosting": {
            "max_iter": Range(50, 400, True),
            "learning_rate": Range(0.01, 0.2, True),
            "max_leaf_nodes": Range(4, 32, True),
            "min_samples_leaf": Range(20, 400, True),
            "l2_regularization": Range(0.01, 100.0, True),
        },
        "lightgbm": {
            **_TREES,
            "num_leaves": Range(4, 32, True),
            "min_data_in_leaf": Range(20, 400, True),
            "feature_fraction": Range(0.3, 1.0),
            "lambda_l2": Range(0.01, 100.0, True),
        },
        "xgboost": {
            **_TREES,
            "max_depth": Range(2, 6),
            "min_child_weight": Range(5.0, 100.0, True),
            "colsample_bytree": Range(0.3, 1.0),
            "reg_lambda": Range(0.01, 100.0, True),
        },
        "catboost": {
            "iterations": Range(50, 400, True),
            "learning_rate": Range(0.01, 0.2, True),
            "depth": Range(2, 6),
            "l2_leaf_reg": Range(0.5, 100.0, True),
            "rsm": Range(0.3, 1.0),
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    name
        Of the persisted study.
    best
        The best trial's result: judged by the gate with N of all trials.
    trial
        The same trial with its fitted folds.
    value
        Its objective: the lower of its two stitched Sharpe ratios.
    complete, pruned
        Trials that ran to the end, and those that were broken off; all are counted.
    """

    name: str
    best: StudyResult
    trial: Trial = field(compare=False, repr=False)
    value: float
    complete: int
    pruned: int


def search(
    study: Study,
    kind: str,
    trials: int,
    storage: Path,
    *,
    seed: int = 7,
    space: Mapping[str, Range] | None = None,
    baseline: StudyResult | None = None,
    on_trial: OnTrial | None = None,
) -> SearchResult:
    """Search parameters of ``kind`` until the persisted study holds ``trials`` trials.

    The objective is the lower of the rolling and the expanding stitched Sharpe ratio: walk-forward
    results on the study's own data and nothing else, so what was cut off from those stays unseen.
    Started again with the same data, terms and code it goes on where it was broken off, and a search
    in several goes is the same as in one: each trial draws from its own number.

    Parameters
    ----------
    study
        On data without the held-out span (``PreparedData.before``).
    trials
        Trials in all, those of earlier goes included.
    storage
        SQLite file; several searches may share it.
    seed
        Of the sampler and of the models.
    space
        None: that of `SPACES`. Fixed parameters are ranges of one value.
    on_trial
        Called after each trial with its number and objective, None where it was broken off.

    Raises
    ------
    ModelError
        If the kind or a parameter of the space is unknown, or no trial ran to the end.
    """
    chosen = _space(kind, space)
    storage.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    name = _name(study, kind, chosen, seed)
    persisted = optuna.create_study(
        storage=f"sqlite:///{storage.absolute()}",
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(
            n_startup_trials=STARTUP_TRIALS, n_warmup_steps=_warmup(study)
        ),
    )
    _end_interrupted(persisted)
    for number in range(len(persisted.trials), trials):
        persisted.sampler = optuna.samplers.TPESampler(seed=seed + number)
        persisted.optimize(_objective(study, kind, chosen, seed), n_trials=1)
        if on_trial is not None:
            on_trial(number, persisted.trials[number].value)
    return _result(study, persisted, kind, chosen, seed, baseline)


def objective_value(returns: Mapping[str, NDArray[np.float64]]) -> float:
    """Return the lowest annualised Sharpe ratio of the fold sets; 0 where nothing was traded."""
    ratios = [sharpe_ratio(one) for one in returns.values()]
    return min(ratio if np.isfinite(ratio) else 0.0 for ratio in ratios)


def _objective(
    study: Study, kind: str, space: Mapping[str, Range], seed: int
) -> Callable[[optuna.Trial], float]:
    def objective(trial: optuna.Trial) -> float:
        spec = ModelSpec(kind, _suggested(trial, kind, space), seed)

        def on_fold(number: int, returns: Mapping[str, NDArray[np.float64]]) -> None:
            trial.report(objective_value(returns), number)
            if trial.should_prune():
                raise optuna.TrialPruned

        made = study.trials.fit(spec, on_fold)
        trial.set_user_attr("trial_id", made.trial_id)
        return objective_value({one.fold_set: one.returns for one in made.outcomes})

    return objective


def _suggested(
    trial: optuna.Trial | optuna.trial.FrozenTrial, kind: str, space: Mapping[str, Range]
) -> dict[str, int | float | str | bool]:
    defaults = ModelSpec(kind).parameters
    found: dict[str, int | float | str | bool] = {}
    for name, (low, high, is_logarithmic) in space.items():
        if isinstance(defaults[name], int):
            found[name] = trial.suggest_int(name, int(low), int(high), log=is_logarithmic)
        else:
            found[name] = trial.suggest_float(name, low, high, log=is_logarithmic)
    return found


def _space(kind: str, space: Mapping[str, Range] | None) -> Mapping[str, Range]:
    known = ModelSpec(kind).parameters
    chosen = SPACES[kind] if space is None else space
    if unknown := [name for name in chosen if name not in known]:
        raise ModelError(
            f"search of {kind}: expected parameters of {', '.join(known)}, saw {', '.join(unknown)}"
        )
    return chosen


def _name(study: Study, kind: str, space: Mapping[str, Range], seed: int) -> str:
    # Objectives of other data, terms or code are no guide for this search: they have another name.
    identity = study.trials.identity(ModelSpec(kind, {}, seed)).canonical()
    ranges = msgspec.json.encode({name: list(one) for name, one in space.items()}, order="sorted")
    return f"{study.trials.terms.hypothesis_id}-{kind}-{digest(identity + ranges)[:12]}"


def _warmup(study: Study) -> int:
    # A third of the folds: before that, a Sharpe ratio is of a few sessions.
    scheme = next(iter(study.trials.terms.schemes(study.trials.data).values()))
    return max(1, len(scheme.test_starts(len(study.trials.data.sessions))) // 3)


def _end_interrupted(persisted: optuna.Study) -> None:
    # The process that ran it is gone; the ledger has what it recorded.
    for trial in persisted.trials:
        if trial.state == TrialState.RUNNING:
            persisted.tell(trial.number, state=TrialState.FAIL)


def _result(
    study: Study,
    persisted: optuna.Study,
    kind: str,
    space: Mapping[str, Range],
    seed: int,
    baseline: StudyResult | None,
) -> SearchResult:
    states = [trial.state for trial in persisted.trials]
    if TrialState.COMPLETE not in states:
        raise ModelError(
            f"search {persisted.study_name}: expected a trial that ran to the end, saw "
            f"{[state.name for state in states]}; raise research.search.trials"
        )
    best = persisted.best_trial
    # The same fit is the same trial: it counts once, and the ledger refuses other returns.
    trial = study.trials.fit(ModelSpec(kind, _suggested(best, kind, space), seed))
    return SearchResult(
        name=persisted.study_name,
        best=study.result(trial, baseline),
        trial=trial,
        value=float(persisted.best_value),
        complete=states.count(TrialState.COMPLETE),
        pruned=states.count(TrialState.PRUNED),
    )
