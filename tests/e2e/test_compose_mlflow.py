"""MLflow as the Compose file starts it, as a process: its records on PostgreSQL, its health check, its clients."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphaline.research.tracking import Tracking
from alphaline.runtime.model_registry import fetch_version, register_version
from alphaline.runtime.ports import free_port
from tests.compose_file import DEPLOY, FILLED, services
from tests.postgresql_server import PASSWORD, USER, PostgresqlServer
from tests.waiting import eventually

pytestmark = [
    pytest.mark.soak,
    pytest.mark.servers,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

FILES = {"model.onnx": b"\x00onnx", "manifest.json": b"{}"}


@pytest.fixture
def databases(postgresql: PostgresqlServer) -> Iterator[PostgresqlServer]:
    """Make what the container of PostgreSQL makes at its first start."""
    subprocess.run(
        ["bash", DEPLOY / "compose" / "databases.sh"],
        check=True,
        env={
            "PATH": f"{postgresql.programs}:/usr/bin:/bin",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgresql.port),
            "PGPASSWORD": PASSWORD,
            "POSTGRES_USER": USER,
            **FILLED,
        },
    )
    yield postgresql
    for name in ("alphaline", "mlflow"):
        postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")
        postgresql.execute(f"DROP ROLE {name}")


def test_the_command_of_the_compose_file_serves_what_training_and_delivery_ask(
    databases: PostgresqlServer, tmp_path: Path
) -> None:
    service, port = services()["mlflow"], free_port()
    here = {"0.0.0.0": "127.0.0.1", "5000": str(port)}  # noqa: S104 - what is replaced
    command = [_replaced(part, here) for part in service["command"]]
    environment = {
        **service["environment"],
        "HOME": str(tmp_path),
        "MLFLOW_ARTIFACTS_DESTINATION": str(tmp_path / "artifacts"),
        "MLFLOW_BACKEND_STORE_URI": service["environment"]["MLFLOW_BACKEND_STORE_URI"].replace(
            "postgresql:5432", f"127.0.0.1:{databases.port}"
        ),
    }
    check = [
        sys.executable,
        *(_replaced(part, here) for part in service["healthcheck"]["test"][2:]),
    ]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_healthy() -> bool:
        return subprocess.run(check, capture_output=True, check=False).returncode == 0

    try:
        assert eventually(is_healthy, 600), (tmp_path / "log").read_text()
        tracking = Tracking(f"http://127.0.0.1:{port}", None)
        client = tracking.client()
        run = client.create_run(client.create_experiment("demo"))
        number = register_version(tracking.uri, "demo", run.info.run_id, FILES, {})
        assert fetch_version(tracking.uri, "demo", number) == FILES
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
    ((versions,),) = databases.execute("SELECT count(*) FROM model_versions", "mlflow")
    assert versions == 1
    assert FILLED["MLFLOW_PASSWORD"] not in (tmp_path / "log").read_text()


def _replaced(text: str, here: dict[str, str]) -> str:
    for old, new in here.items():
        text = text.replace(old, new)
    return text
