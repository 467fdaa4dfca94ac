"""A real model server for tests: its own environment, its own process, free ports."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest

from alphaline.runtime.ports import free_ports
from ci.model_server import ServerAddress
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
SERVING_PYTHON = ROOT / ".venv-serving/bin/python"
needs_serving = pytest.mark.skipif(
    not SERVING_PYTHON.exists(),
    reason="the model server's environment .venv-serving is not built: make setup-serving",
)


@dataclass(frozen=True)
class RunningServer:
    address: ServerAddress
    metrics_port: int
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text of ``GET path``."""
        return self.request("GET", path)

    def request(self, method: str, path: str, body: object | None = None) -> tuple[int, str]:
        """Return status and text; ``body`` is sent as JSON."""
        connection = HTTPConnection(self.address.http, timeout=30)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        """Return whether it is up; a server that ended fails the test with its log."""
        if self.process.poll() is not None:
            raise AssertionError(f"the model server ended:\n{self.log.read_text()}")
        try:
            return self.get("/v2/health/live")[0] == 200
        except OSError:
            return False


@contextmanager
def running_server(store: Path, public_key: Path, log: Path) -> Iterator[RunningServer]:
    http, grpc, metrics = free_ports(3)
    settings = {
        "MODEL_STORE": store,
        "PUBLIC_KEY": public_key,
        "HTTP_PORT": http,
        "GRPC_PORT": grpc,
        "METRICS_PORT": metrics,
    }
    variables = {f"ALPHALINE_MODEL_SERVING_{name}": str(value) for name, value in settings.items()}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [SERVING_PYTHON, "-m", "services.model_serving"],
            env={**os.environ, **variables, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        )
    address = ServerAddress(f"127.0.0.1:{http}", f"127.0.0.1:{grpc}")
    server = RunningServer(address, metrics, process, log)
    try:
        assert eventually(server.answers, within_s=60)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
