"""A model's way from training to delivery with MLflow's artifacts on a real S3 server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import boto3
import pytest
from mlflow import MlflowClient
from mlflow.store.artifact import s3_artifact_repo

from alphaline.errors import ModelError
from alphaline.features import feature_set
from alphaline.messages import ModelDeployed
from alphaline.runtime.model_directory import read_model
from alphaline.runtime.model_registry import fetch_version, register_version
from alphaline.runtime.ports import free_port
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.signing import make_key
from alphaline.trading.strategy import read_strategy
from ci.deliver import Delivery, deliver
from feature_repo.store import apply
from pipelines.backfill import backfill, recorded
from pipelines.local import TrainingArguments, run
from tests.model_server import SERVING_PYTHON, needs_serving
from tests.s3_server import BUCKET, SECRET_KEY, S3Server, needs_s3, s3_server
from tests.waiting import eventually

pytestmark = [
    needs_s3,
    pytest.mark.stores,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

CHECKOUT = Path(__file__).parents[2]
REFERENCE = ReferenceData(CHECKOUT / "data" / "sample")
STRATEGY_TEXT = (CHECKOUT / "strategies" / "spy_intraday_v1.yaml").read_text()
FIRST, LAST, HELD_OUT = date(2011, 1, 3), date(2011, 1, 31), date(2011, 3, 1)
DATASET, SPY = "spy_minute_2011", "eq.us.spy"
ROOT = f"s3://{BUCKET}/mlflow"


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """Run a server that this process and its children know by their environment."""
    with s3_server(tmp_path / "s3") as server:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        forget_clients()
        yield server
        forget_clients()


def forget_clients() -> None:
    """Make MLflow and boto read the environment again: each keeps what it read by process."""
    boto3.DEFAULT_SESSION = None
    s3_artifact_repo._cached_get_s3_client.cache_clear()


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Run an MLflow server whose clients write and read S3 themselves; give its address."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"),
        *("--default-artifact-root", ROOT, "--no-serve-artifacts"),
    ]
    with (folder / "mlflow.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert eventually(lambda: is_healthy(port), 120), (folder / "mlflow.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def is_healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@needs_serving
@pytest.mark.timeout(900)
def test_training_registers_on_s3_and_delivery_reads_and_signs_what_it_registered(
    tmp_path: Path, s3: S3Server
) -> None:
    apply(tmp_path)
    backfill(REFERENCE, tmp_path, [recorded(REFERENCE, DATASET, SPY, FIRST, LAST)], "intraday_v1")
    with mlflow_server(tmp_path) as tracking_uri:
        arguments = TrainingArguments(
            strategy=STRATEGY_TEXT,
            dataset=DATASET,
            first_session=FIRST.isoformat(),
            last_session=LAST.isoformat(),
            held_out_from=HELD_OUT.isoformat(),
            data_root=tmp_path,
            reference_root=REFERENCE.root,
            tracking_uri=tracking_uri,
        )
        registration = run(arguments).registration
        kept = [key for key in s3.objects() if f"/{registration['run_id']}/artifacts/" in key]
        assert any("/delivery/" in key for key in kept)
        private_key, public_key = tmp_path / "signing.pem", tmp_path / "signing.pub"
        make_key(private_key, public_key)
        strategy, features = read_strategy(STRATEGY_TEXT.encode()), feature_set("intraday_v1")
        delivery = Delivery(
            name=registration["model_name"],
            version=registration["model_version"],
            strategy_id=strategy.strategy_id,
            lane="candidate",
            in_force_from=7,
            feature_set=features.name,
            feature_set_digest=features.digest,
            store=tmp_path / "models",
            private_key=private_key,
            public_key=public_key,
            serving_python=SERVING_PYTHON,
            server=None,
            created_by="tests",
        )
        published: list[ModelDeployed] = []
        delivered = deliver(
            delivery,
            lambda name, version: fetch_version(tracking_uri, name, version),
            published.append,
            print,
        )
    model = read_model(Path(delivered.directory), public_key)
    assert model.manifest.version == registration["model_version"]
    assert [record.model_digest for record in published] == [delivered.deployed.model_digest]
    assert not (tmp_path / "mlflow").exists(), "nothing is kept beside the server"


@pytest.fixture
def registered(tmp_path: Path, s3: S3Server) -> tuple[str, str]:
    """Return a registry with one version whose files are on S3, and its run."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(uri, uri)
    experiment = client.create_experiment("training", artifact_location=ROOT)
    run_id = client.create_run(experiment).info.run_id
    files = {"model.txt": b"tree", "rows.npy": bytes(range(256)) * 4096}
    assert register_version(uri, "intraday", run_id, files, {}) == "1"
    assert fetch_version(uri, "intraday", "1") == files
    return uri, run_id


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "of-somebody-else"}, "request signature we calculated"),
        ({"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect"),
    ],
)
def test_an_s3_that_refuses_or_is_gone_is_a_fault_of_ours_without_its_secret(
    registered: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    seen: str,
) -> None:
    uri, run_id = registered
    for name, value in {**changed, "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    with pytest.raises(ModelError, match=seen) as fetching:
        fetch_version(uri, "intraday", "1")
    with pytest.raises(ModelError, match=seen) as registering:
        register_version(uri, "intraday", run_id, {"more.txt": b"x"}, {})
    for raised in (fetching, registering):
        assert "of-somebody-else" not in str(raised.value)
        assert SECRET_KEY not in str(raised.value)
