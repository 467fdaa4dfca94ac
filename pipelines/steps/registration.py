"""Step 3: fit on all of the training set, log everything, register a version with its evidence."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# MLflow reports usage to its makers unless told not to, before its first import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import msgspec
import numpy as np
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from alphaline.models.artifacts import (
    ModelArtifacts,
    ModelMetadata,
    encode_artifacts,
)
from alphaline.models.estimators import BoosterEstimator
from alphaline.runtime.model_registry import register_version
from alphaline.trading.strategy import Strategy
from alphaline.validation.gate import GateVerdict
from pipelines.steps.evaluation import CANDIDATE, Outcome, chosen, fit, thresholds
from pipelines.steps.training_set import TrainingSet

# MLflow takes at most this many metrics in one call.
METRICS_PER_CALL = 1_000


class Registration(NamedTuple):
    """Where a trained model can be found, and how far it may go."""

    run_id: str
    model_name: str
    model_version: str
    aliases: tuple[str, ...]


class Tracking(NamedTuple):
    """Which MLflow to log to: its address, and where files go if it makes a new experiment."""

    uri: str
    artifact_location: str | None

    @classmethod
    def under(cls, data_root: Path) -> "Tracking":
        """Return the MLflow of a data root: an SQLite file beside its artifacts, no server."""
        folder = data_root.absolute() / "mlflow"
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder}/mlflow.db", (folder / "artifacts").as_uri())


def final_model(
    data: TrainingSet, strategy: Strategy, verdict: GateVerdict, code_version: str
) -> ModelArtifacts:
    """Return the candidate fitted on every decision, with the evidence that delivery signs."""
    rows = np.arange(len(data.values))
    estimator = fit(CANDIDATE, data, rows)
    if not isinstance(estimator, BoosterEstimator):
        raise TypeError(f"expected the candidate to be a booster, saw {type(estimator).__name__}")
    entries = thresholds(estimator.predict(data.values), strategy)
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
        code_version=code_version,
        engine=data.facts.engine,
    )
    judged = msgspec.json.format(msgspec.json.encode(verdict), indent=2)
    return ModelArtifacts(metadata, estimator.model_text, data.values, judged)


def register(
    tracking: Tracking,
    strategy: Strategy,
    data: TrainingSet,
    outcomes: Sequence[Outcome],
    trial_ids: Mapping[str, str],
    artifacts: ModelArtifacts,
) -> Registration:
    """Log one run and register its model as a new version.

    The alias ``candidate`` moves to it; ``champion`` does only if the gate said ``PASS``. Aliases
    are pointers for people: what a model may do follows from its verdict.
    """
    client = MlflowClient(tracking.uri, tracking.uri)
    run = client.create_run(_experiment(client, tracking, strategy.strategy_id))
    run_id = run.info.run_id
    client.log_batch(
        run_id,
        params=[Param(k, str(v)) for k, v in _parameters(data, strategy, artifacts).items()],
        tags=[RunTag(k, v) for k, v in _tags(trial_ids, artifacts.metadata).items()],
    )
    metrics = _metrics(outcomes, run.info.start_time)
    for start in range(0, len(metrics), METRICS_PER_CALL):
        client.log_batch(run_id, metrics=metrics[start : start + METRICS_PER_CALL])
    _log_outcomes(client, run_id, outcomes)
    name, verdict = strategy.model.name, artifacts.metadata.verdict
    tags = {"verdict": verdict, "gate_version": artifacts.metadata.gate_version}
    version = register_version(tracking.uri, name, run_id, encode_artifacts(artifacts), tags)
    client.set_terminated(run_id)
    return Registration(run_id, name, version, _point(client, name, version, verdict))


def _experiment(client: MlflowClient, tracking: Tracking, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, tracking.artifact_location))


def _parameters(
    data: TrainingSet, strategy: Strategy, artifacts: ModelArtifacts
) -> dict[str, object]:
    return {
        **chosen(CANDIDATE, data, strategy),
        "dataset": data.facts.dataset,
        "instrument": data.facts.instrument,
        "feature_set": data.facts.feature_set,
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


def _metrics(outcomes: Sequence[Outcome], at: int) -> list[Metric]:
    found = []
    for outcome in outcomes:
        prefix = f"{outcome.fold_set}_{outcome.model}"
        found += [Metric(f"{prefix}_{k}", v, at, 0) for k, v in outcome.metrics.items()]
        found += [
            Metric(f"{prefix}_fold_{k}", v, at, number)
            for number, one in enumerate(outcome.fold_metrics)
            for k, v in one.items()
        ]
    return found


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
