"""Studies in MLflow: a run with parameters, digests, measures per fold, verdict, series and report."""

import logging
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# MLflow reports usage to its makers unless told not to, before its first import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from alphaline.research.outcomes import Outcome
from alphaline.research.study import StudyResult

# MLflow takes at most this many metrics in one call.
METRICS_PER_CALL = 1_000

RESULT_FILE, VERDICT_FILE, RETURNS_FILE = "result.json", "verdict.json", "returns.parquet"
KIND_TAG, KIND = "alphaline.kind", "study"


class Tracking(NamedTuple):
    """Which MLflow to log to: its address, and where files go if it makes a new experiment."""

    uri: str
    artifact_location: str | None

    @classmethod
    def under(cls, data_root: Path) -> "Tracking":
        """Return the MLflow of a data root: an SQLite file beside its artifacts, no server."""
        # A new store tells of every table that it makes.
        logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
        folder = data_root.absolute() / "mlflow"
        (folder / "artifacts").mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder}/mlflow.db", (folder / "artifacts").as_uri())

    def client(self) -> MlflowClient:
        """Return a client of it."""
        return MlflowClient(self.uri, self.uri)


def log_study(
    tracking: Tracking,
    result: StudyResult,
    *,
    report: Path | None = None,
    pictures: Iterable[Path] = (),
    tags: Mapping[str, str] | None = None,
) -> str:
    """Log a study's result as one run of the experiment named for its hypothesis; return the run's id.

    Metrics are ``<fold set>_<measure>`` over all test spans and ``<fold set>_fold_<measure>`` with the
    fold's number as step. Files: the whole result, the verdict, the daily returns, and ``report``.

    Parameters
    ----------
    report
        HTML file to keep with the run.
    pictures
        Further files to keep.
    tags
        Beside the digests, code version and verdict.
    """
    client = tracking.client()
    run = client.create_run(experiment(client, tracking, result.hypothesis_id))
    run_id = str(run.info.run_id)
    found = {**_tags(result), **(tags or {})}
    client.log_batch(
        run_id,
        params=[Param(k, str(v)) for k, v in result.chosen.items()],
        tags=[RunTag(k, v) for k, v in found.items()],
    )
    prefixes = {one.fold_set: one.fold_set for one in result.outcomes}
    log_metrics(client, run_id, fold_points(result.outcomes, prefixes, run.info.start_time))
    log_metrics(client, run_id, _interval_points(result, run.info.start_time))
    with tempfile.TemporaryDirectory(prefix="alphaline-study-") as folder:
        for path in (*_files(Path(folder), result), *([report] if report else []), *pictures):
            client.log_artifact(run_id, str(path))
    client.set_terminated(run_id)
    return run_id


def logged_run(tracking: Tracking, result: StudyResult) -> str | None:
    """Return the run in which a study stands already, judged among as many trials; None if in none."""
    client = tracking.client()
    found = client.get_experiment_by_name(result.hypothesis_id)
    if found is None:
        return None
    runs = client.search_runs(
        [found.experiment_id],
        f"attributes.status = 'FINISHED' and tags.trial_id = '{result.trial_id}' and "
        f"tags.trial_count = '{result.trials_counted}'",
    )
    return str(runs[0].info.run_id) if runs else None


def logged_results(tracking: Tracking, hypothesis_id: str) -> list[StudyResult]:
    """Return the results that were logged for a hypothesis, the newest first."""
    client = tracking.client()
    found = client.get_experiment_by_name(hypothesis_id)
    if found is None:
        return []
    runs = client.search_runs([found.experiment_id], f"tags.`{KIND_TAG}` = '{KIND}'")
    with tempfile.TemporaryDirectory(prefix="alphaline-results-") as folder:
        return [_read(client, run.info.run_id, folder) for run in runs]


def runs_by_trial(tracking: Tracking, hypothesis_id: str) -> dict[str, str]:
    """Return the newest run of each logged trial of a hypothesis."""
    client = tracking.client()
    found = client.get_experiment_by_name(hypothesis_id)
    if found is None:
        return {}
    # Ascending, so that a later run of a trial replaces an earlier one.
    runs = client.search_runs(
        [found.experiment_id], "tags.trial_id != ''", order_by=["attributes.start_time ASC"]
    )
    return {run.data.tags["trial_id"]: run.info.run_id for run in runs}


def experiment(client: MlflowClient, tracking: Tracking, name: str) -> str:
    """Return the id of the experiment ``name``, made where there is none."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, tracking.artifact_location))


def fold_points(outcomes: Sequence[Outcome], prefixes: Mapping[str, str], at: int) -> list[Metric]:
    """Return the measures of ``outcomes``, stitched and per fold (its number as step).

    Parameters
    ----------
    prefixes
        What stands before a measure's name, by fold set.
    at
        Milliseconds of the epoch: when they were taken.
    """
    found = []
    for one in outcomes:
        prefix = prefixes[one.fold_set]
        whole = {**one.metrics, "blind_folds": float(one.blind_folds)}
        found += [Metric(f"{prefix}_{k}", v, at, 0) for k, v in whole.items()]
        found += [
            Metric(f"{prefix}_fold_{k}", v, at, number)
            for number, measured in enumerate(one.fold_metrics)
            for k, v in measured.items()
        ]
    return found


def log_metrics(client: MlflowClient, run_id: str, points: Sequence[Metric]) -> None:
    """Log any number of metrics."""
    for start in range(0, len(points), METRICS_PER_CALL):
        client.log_batch(run_id, metrics=points[start : start + METRICS_PER_CALL])


def _tags(result: StudyResult) -> dict[str, str]:
    return {
        KIND_TAG: KIND,
        "trial_id": result.trial_id,
        "verdict": result.verdict.outcome,
        "gate_version": result.verdict.gate_version,
        "trial_count": str(result.trials_counted),
        "dataset_family": result.dataset_family,
        "label_family": result.label_family,
        "data_digest": result.data_digest,
        "label_digest": result.label_digest,
        "code_version": result.code_version,
        **{f"input_{name}": value for name, value in result.inputs.items()},
    }


def _interval_points(result: StudyResult, at: int) -> list[Metric]:
    return [
        Metric(f"{fold_set}_{name}_95_{end}", value, at, 0)
        for fold_set, headlines in result.intervals.items()
        for name, one in headlines.items()
        for end, value in (("low", one.low), ("high", one.high))
        if value is not None
    ]


def _files(folder: Path, result: StudyResult) -> tuple[Path, ...]:
    paths = (folder / RESULT_FILE, folder / VERDICT_FILE, folder / RETURNS_FILE)
    paths[0].write_bytes(msgspec.json.encode(result))
    paths[1].write_bytes(msgspec.json.format(msgspec.json.encode(result.verdict), indent=2))
    outcomes = result.outcomes
    columns = {
        "fold_set": [one.fold_set for one in outcomes for _ in one.sessions],
        "session": np.concatenate([np.array(one.sessions, np.int64) for one in outcomes]),
        "net_return": np.concatenate([one.returns for one in outcomes]),
    }
    pq.write_table(pa.table(columns), paths[2])
    return paths


def _read(client: MlflowClient, run_id: str, folder: str) -> StudyResult:
    place = Path(folder) / run_id
    place.mkdir()
    path = Path(client.download_artifacts(run_id, RESULT_FILE, str(place)))
    return msgspec.json.decode(path.read_bytes(), type=StudyResult)
