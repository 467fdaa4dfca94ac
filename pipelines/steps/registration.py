"""Step 3: fit on all of the training set, log everything, register a version with its evidence."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from mlflow.entities import Param, RunTag
from mlflow.tracking import MlflowClient

from alphaline.models.artifacts import (
    ModelArtifacts,
    ModelMetadata,
    encode_artifacts,
)
from alphaline.models.estimators import BoosterEstimator
from alphaline.research.outcomes import Outcome
from alphaline.research.tracking import Tracking, experiment, fold_points, log_metrics
from alphaline.research.trials import Trials
from alphaline.runtime.model_registry import register_version
from alphaline.trading.strategy import Strategy
from alphaline.validation.gate import GateVerdict
from pipelines.steps.evaluation import CANDIDATE, MODELS, specs
from pipelines.steps.training_set import TrainingSet


class Registration(NamedTuple):
    """Where a trained model can be found, and how far it may go."""

    run_id: str
    model_name: str
    model_version: str
    aliases: tuple[str, ...]


def final_model(
    trials: Trials, data: TrainingSet, strategy: Strategy, verdict: GateVerdict
) -> ModelArtifacts:
    """Return the candidate fitted on every decision, with the evidence that delivery signs."""
    estimator, entries = trials.fit_all(specs(strategy)[CANDIDATE])
    if not isinstance(estimator, BoosterEstimator):
        raise TypeError(f"expected the candidate to be a booster, saw {type(estimator).__name__}")
    metadata = ModelMetadata(
        feature_set=data.facts.feature_set,
        feature_set_digest=data.facts.feature_set_digest,
        columns=data.facts.columns,
        entry_long=entries.entry_long,
        entry_short=entries.entry_short,
        verdict=verdict.outcome,
        gate_version=verdict.gate_version,
        trial_count=verdict.trials_counted,
        data_digest=data.facts.data_digest,
        label_digest=data.facts.label_digest,
        code_version=trials.code_version,
        engine=data.facts.engine,
    )
    judged = msgspec.json.format(msgspec.json.encode(verdict), indent=2)
    return ModelArtifacts(metadata, estimator.model_text, data.values, judged)


def register(
    tracking: Tracking,
    trials: Trials,
    data: TrainingSet,
    strategy: Strategy,
    outcomes: Sequence[Outcome],
    trial_ids: Mapping[str, str],
    artifacts: ModelArtifacts,
) -> Registration:
    """Log one run and register its model as a new version.

    The alias ``candidate`` moves to it; ``champion`` does only if the gate said ``PASS``. Aliases
    are pointers for people: what a model may do follows from its verdict.
    """
    client = tracking.client()
    run = client.create_run(experiment(client, tracking, strategy.strategy_id))
    run_id = run.info.run_id
    client.log_batch(
        run_id,
        params=[
            Param(k, str(v)) for k, v in _parameters(trials, data, strategy, artifacts).items()
        ],
        tags=[RunTag(k, v) for k, v in _tags(trial_ids, artifacts.metadata).items()],
    )
    for model in MODELS:
        own = [one for one in outcomes if one.model == model]
        prefixes = {one.fold_set: f"{one.fold_set}_{model}" for one in own}
        log_metrics(client, run_id, fold_points(own, prefixes, run.info.start_time))
    _log_outcomes(client, run_id, outcomes)
    name, verdict = strategy.model.name, artifacts.metadata.verdict
    tags = {"verdict": verdict, "gate_version": artifacts.metadata.gate_version}
    version = register_version(tracking.uri, name, run_id, encode_artifacts(artifacts), tags)
    client.set_terminated(run_id)
    return Registration(run_id, name, version, _point(client, name, version, verdict))


def _parameters(
    trials: Trials, data: TrainingSet, strategy: Strategy, artifacts: ModelArtifacts
) -> dict[str, object]:
    return {
        **trials.chosen(specs(strategy)[CANDIDATE]),
        "dataset": data.facts.dataset,
        "instrument": data.facts.instrument,
        "decisions": len(data.values),
        "entry_long": artifacts.metadata.entry_long,
        "entry_short": artifacts.metadata.entry_short,
    }


def _tags(trial_ids: Mapping[str, str], metadata: ModelMetadata) -> dict[str, str]:
    return {
        "verdict": metadata.verdict,
        "gate_version": metadata.gate_version,
        "trial_count": str(metadata.trial_count),
        "data_digest": metadata.data_digest,
        "label_digest": metadata.label_digest,
        "code_version": metadata.code_version,
        "engine": metadata.engine,
        **{f"trial_id_{model}": trial_id for model, trial_id in trial_ids.items()},
    }


def _log_outcomes(client: MlflowClient, run_id: str, outcomes: Sequence[Outcome]) -> None:
    with tempfile.TemporaryDirectory(prefix="alphaline-outcomes-") as folder:
        path = Path(folder) / "outcomes.json"
        path.write_bytes(msgspec.json.encode(outcomes))
        client.log_artifact(run_id, str(path))


def _point(client: MlflowClient, name: str, version: str, outcome: str) -> tuple[str, ...]:
    aliases = ("candidate", "champion") if outcome == "PASS" else ("candidate",)
    for alias in aliases:
        client.set_registered_model_alias(name, alias, version)
    return aliases
