"""From a version in a real MLflow registry to a signed, served, recorded model."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
from mlflow import MlflowClient

from alphaline.errors import ModelError, ModelUnavailableError, ParityError, SignatureError
from alphaline.messages import ModelDeployed
from alphaline.messages.manifests import file_digest
from alphaline.models.artifacts import ModelArtifacts, encode_artifacts
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.onnx_conversion import to_onnx_bytes
from alphaline.runtime.model_registry import fetch_version, register_version
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.open_inference import OpenInferencePredictor
from alphaline.runtime.ports import free_port
from alphaline.runtime.signing import make_key
from ci import deliver as delivery_module
from ci.deliver import Delivery, deliver
from ci.model_server import ServerAddress
from tests.delivered_models import COLUMNS, registered_artifacts
from tests.model_server import SERVING_PYTHON, needs_serving, running_server

pytestmark = [needs_serving, pytest.mark.slow]


# MLflow's own mapping of its database uses what SQLAlchemy deprecates.
of_mlflow = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")


@pytest.fixture(scope="module")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    private_key, public_key = tmp_path / "keys/signing.pem", tmp_path / "keys/signing.pub"
    make_key(private_key, public_key)
    return Delivery(
        name="intraday",
        version="1",
        strategy_id="spy_intraday_v1",
        lane="candidate",
        in_force_from=7,
        feature_set="intraday_v1",
        feature_set_digest="f" * 32,
        store=tmp_path / "models",
        private_key=private_key,
        public_key=public_key,
        serving_python=SERVING_PYTHON,
        server=None,
        created_by="tests",
    )


def _registry(artifacts: ModelArtifacts) -> Callable[[str, str], Mapping[str, bytes]]:
    files = {("intraday", "1"): encode_artifacts(artifacts)}
    return lambda name, version: files[name, version]


def _run(
    delivery: Delivery, artifacts: ModelArtifacts
) -> tuple[delivery_module.Delivered, list[ModelDeployed]]:
    published: list[ModelDeployed] = []
    return deliver(delivery, _registry(artifacts), published.append, print), published


@of_mlflow
def test_a_registered_version_comes_back_as_it_was_registered(
    tracking_uri: str, tmp_path: Path
) -> None:
    client = MlflowClient(tracking_uri, tracking_uri)
    experiment = client.create_experiment("training", artifact_location=str(tmp_path))
    run_id = client.create_run(experiment).info.run_id
    files = encode_artifacts(registered_artifacts())
    first = register_version(tracking_uri, "intraday", run_id, files, {"verdict": "none"})
    other = client.create_run(experiment).info.run_id
    changed = {**files, "verdict.json": b"{}"}
    second = register_version(tracking_uri, "intraday", other, changed, {})
    assert (first, second) == ("1", "2")
    assert fetch_version(tracking_uri, "intraday", "1") == files
    assert fetch_version(tracking_uri, "intraday", "2") == changed
    with pytest.raises(ModelError, match="alias"):
        fetch_version(tracking_uri, "intraday", "champion")
    with pytest.raises(ModelError, match="version 3"):
        fetch_version(tracking_uri, "intraday", "3")


def test_a_delivered_version_is_proven_signed_served_and_recorded(
    delivery: Delivery, tmp_path: Path
) -> None:
    log = tmp_path / "server.log"
    artifacts = registered_artifacts()
    with running_server(delivery.store, delivery.public_key, log) as server:
        served = msgspec.structs.replace(delivery, server=server.address)
        delivered, published = _run(served, artifacts)
        client = OpenInferencePredictor(
            server.address.grpc, "intraday", "1", delivered.manifest.onnx_digest, COLUMNS
        )
        answers = client.predict(artifacts.rows, 10.0)
        client.close()
    assert delivered.proof.holds
    assert delivered.proof.thresholds_reached == delivered.proof.thresholds_total > 300
    native = BoosterEstimator(artifacts.model_text).predict(artifacts.rows)
    assert np.abs(answers - native).max() <= 1e-6
    here = OnnxPredictor.load(delivery.store / "intraday/1", delivery.public_key)
    assert answers.tobytes() == here.predict(artifacts.rows).tobytes()
    (record,) = published
    assert record == delivered.deployed
    assert record.model_digest == here.model_digest
    assert record.manifest_digest == here.manifest_digest
    assert (record.ts, record.lane, record.verdict) == (7, "candidate", "INSUFFICIENT_EVIDENCE")
    assert (record.entry_long, record.entry_short) == (0.6, 0.4)


def test_delivering_again_gives_the_same_files_and_record(delivery: Delivery) -> None:
    first, _ = _run(delivery, registered_artifacts())
    folder = Path(first.directory)
    before = {path.name: file_digest(path.read_bytes()) for path in folder.iterdir()}
    second, published = _run(delivery, registered_artifacts())
    assert second == first
    assert published == [first.deployed]
    assert {path.name: file_digest(path.read_bytes()) for path in folder.iterdir()} == before


def test_a_failed_proof_stops_delivery_and_shows_the_rows(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another booster is converted than the one that was registered."""
    other = BoosterEstimator(registered_artifacts(seed=5).model_text)
    monkeypatch.setattr(
        delivery_module, "to_onnx_bytes", lambda _, name: to_onnx_bytes(other, name)
    )
    published: list[ModelDeployed] = []
    registry = _registry(registered_artifacts())
    with pytest.raises(ParityError) as refused:
        deliver(delivery, registry, published.append, print)
    lines = str(refused.value).splitlines()
    assert "rows differ" in lines[0]
    assert len(lines) == 11
    assert all("decision changes, features [" in line for line in lines[1:])
    assert not published
    assert not delivery.store.exists()


@pytest.mark.parametrize("lane", ["canary", "champion"])
def test_a_lane_with_capital_needs_a_passed_gate(delivery: Delivery, lane: str) -> None:
    wanted = msgspec.structs.replace(delivery, lane=lane)
    with pytest.raises(ModelError, match="expected the gate's PASS"):
        _run(wanted, registered_artifacts())
    artifacts = registered_artifacts()
    passed = artifacts._replace(
        metadata=msgspec.structs.replace(artifacts.metadata, verdict="PASS")
    )
    delivered, _ = _run(wanted, passed)
    assert delivered.deployed.lane == lane
    assert delivered.manifest.verdict == "PASS"


def test_a_model_of_another_feature_set_is_refused(delivery: Delivery) -> None:
    wanted = msgspec.structs.replace(delivery, feature_set_digest="0" * 32)
    with pytest.raises(ModelError, match="expected a model of feature set"):
        _run(wanted, registered_artifacts())


def test_without_the_servers_environment_nothing_is_delivered(delivery: Delivery) -> None:
    wanted = msgspec.structs.replace(delivery, serving_python=delivery.store / "python")
    with pytest.raises(ModelError, match="make setup-serving"):
        _run(wanted, registered_artifacts())
    assert not delivery.store.exists()


def test_a_foreign_private_key_stops_delivery_before_anything_is_written(
    delivery: Delivery, tmp_path: Path
) -> None:
    """Without this, a signed folder that nobody trusts would stand in the store."""
    foreign = tmp_path / "foreign.pem"
    make_key(foreign, tmp_path / "foreign.pub")
    with pytest.raises(SignatureError, match=r"foreign\.pem"):
        _run(msgspec.structs.replace(delivery, private_key=foreign), registered_artifacts())
    assert not delivery.store.exists()


def test_a_server_that_is_down_is_named_and_nothing_is_put_in_force(delivery: Delivery) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    wanted = msgspec.structs.replace(delivery, server=ServerAddress(nobody, nobody))
    published: list[ModelDeployed] = []
    registry = _registry(registered_artifacts())
    with pytest.raises(ModelUnavailableError, match=nobody):
        deliver(wanted, registry, published.append, print)
    assert not published


def test_a_server_that_trusts_another_key_refuses_with_its_reason(
    delivery: Delivery, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign.pub"
    make_key(tmp_path / "foreign.pem", foreign)
    with running_server(delivery.store, foreign, tmp_path / "server.log") as server:
        wanted = msgspec.structs.replace(delivery, server=server.address)
        with pytest.raises(ModelError, match=r"refused intraday 1.*Key mismatch"):
            _run(wanted, registered_artifacts())
