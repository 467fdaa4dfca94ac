"""``alphaline deliver`` from a real registry through the real server to the real topic."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from mlflow import MlflowClient

from alphaline.features import feature_set
from alphaline.messages import ModelDeployed, decode
from alphaline.models.artifacts import ModelArtifacts, encode_artifacts
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.training import DEFAULT_PARAMETERS, entry_thresholds, fit_lightgbm
from alphaline.runtime.messaging import KafkaSubscription, read_to_end
from alphaline.runtime.model_registry import register_version
from alphaline.runtime.topics import Topics
from tests.delivered_models import registered_artifacts
from tests.model_server import ROOT, needs_serving, running_server

pytestmark = [
    needs_serving,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated"),
]
STRATEGY = ROOT / "strategies/spy_intraday_v1.yaml"


def _artifacts() -> ModelArtifacts:
    """Return a model of the strategy's own feature set."""
    features = feature_set("intraday_v1")
    names = tuple(column.name for column in features.columns)
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(2_000, len(names))).astype(np.float32)
    labels = (rows[:, 0] + rng.normal(size=len(rows)) > 0).astype(np.int8)
    text = fit_lightgbm(rows, labels, np.ones(len(rows)), DEFAULT_PARAMETERS, 1, 20)
    thresholds = entry_thresholds(BoosterEstimator(text).predict(rows), 0.9, 0.1)
    metadata = msgspec.structs.replace(
        registered_artifacts().metadata,
        feature_set=features.name,
        feature_set_digest=features.digest,
        columns=names,
        entry_long=thresholds.entry_long,
        entry_short=thresholds.entry_short,
    )
    return ModelArtifacts(metadata, text, rows, b'{"verdict":"INSUFFICIENT_EVIDENCE"}')


@pytest.fixture
def tracking_uri(tmp_path: Path) -> str:
    """Return a registry that holds the model as version 1."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(uri, uri)
    experiment = client.create_experiment("training", artifact_location=str(tmp_path / "artifacts"))
    run_id = client.create_run(experiment).info.run_id
    files = encode_artifacts(_artifacts())
    assert register_version(uri, "spy_intraday", run_id, files, {}) == "1"
    return uri


def _command(tracking_uri: str, folder: Path, bootstrap: str, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "alphaline.cli", "deliver"),
        *("--strategy", str(STRATEGY), "--tracking-uri", tracking_uri),
        *("--store", str(folder / "models"), "--private-key", str(folder / "signing.pem")),
        *("--public-key", str(folder / "signing.pub"), "--make-key"),
        *("--in-force-from", "2011-03-01T09:00:00", "--bootstrap-servers", bootstrap),
        *("--json", *more),
    ]


def _run(command: list[str]) -> tuple[int, dict[str, object], str]:
    finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return finished.returncode, json.loads(finished.stdout), finished.stderr


def test_deliver_puts_a_version_in_force_and_says_so(
    tracking_uri: str, tmp_path: Path, kafka: str, topics: Topics
) -> None:
    log = tmp_path / "server.log"
    with running_server(tmp_path / "models", tmp_path / "signing.pub", log) as server:
        more = ("--server-http", server.address.http, "--server-grpc", server.address.grpc)
        prefix = ("--topic-prefix", topics.prefix)
        command = _command(tracking_uri, tmp_path, kafka, *more, *prefix, "1")
        code, payload, progress = _run(command)
        assert server.get("/v2/models/spy_intraday/versions/1/ready")[0] == 200
    assert code == 0, payload
    assert "hand to the model server" in progress
    subscription = KafkaSubscription(kafka, "test-deliver", topics.prefix)
    (received,) = read_to_end(subscription, [("models.deployed.v1", 0)])
    subscription.close()
    record = decode("models.deployed.v1", received.value)
    assert isinstance(record, ModelDeployed)
    assert msgspec.to_builtins(record) == payload["deployed"]
    assert record.ts == 1_298_970_000 * 10**9
    assert (record.strategy_id, record.lane) == ("spy_intraday_v1", "candidate")


def test_a_version_that_is_not_there_is_named_and_the_exit_code_is_not_zero(
    tracking_uri: str, tmp_path: Path
) -> None:
    code, payload, _ = _run(_command(tracking_uri, tmp_path, "127.0.0.1:1", "9"))
    assert code == 1
    assert payload["error"] == "ModelError"
    assert "spy_intraday version 9" in str(payload["message"])
