"""A real model server for tests: its own environment, its own process, free ports."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType

import pytest

from alphaline.runtime.open_inference import OpenInferencePredictor
from alphaline.runtime.ports import free_ports
from alphaline.runtime.seldon_protocol import SeldonPredictor
from ci.model_server import ServerAddress
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
SERVING_PYTHON = ROOT / ".venv-serving/bin/python"
needs_serving = pytest.mark.skipif(
    not SERVING_PYTHON.exists(),
    reason="the model server's environment .venv-serving is not built: make setup-serving",
)


SELDON_PYTHON = ROOT / ".venv-seldon/bin/python"
needs_seldon = pytest.mark.skipif(
    not SELDON_PYTHON.exists(),
    reason="the environment of seldon-core's wrapper .venv-seldon is not built: make setup-seldon",
)
_PREFIX = "ALPHALINE_MODEL_SERVING_"


@dataclass(frozen=True)
class ServerKind:
    """One of the model servers: how it is started, and how it is asked."""

    name: str
    python: Path
    module: str
    port_variables: tuple[str, str, str]
    live: str
    ready: str
    client: type[OpenInferencePredictor] | type[SeldonPredictor]


MLSERVER = ServerKind(
    "mlserver",
    SERVING_PYTHON,
    "services.model_serving",
    (f"{_PREFIX}HTTP_PORT", f"{_PREFIX}GRPC_PORT", f"{_PREFIX}METRICS_PORT"),
    "/v2/health/live",
    "/v2/health/ready",
    OpenInferencePredictor,
)
SELDON = ServerKind(
    "seldon",
    SELDON_PYTHON,
    "services.model_serving.seldon_server",
    (
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT",
    ),
    "/health/ping",
    "/health/status",
    SeldonPredictor,
)


@dataclass(frozen=True)
class RunningServer:
    address: ServerAddress
    metrics_port: int
    process: subprocess.Popen[bytes]
    log: Path
    kind: ServerKind

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

    def metrics(self) -> str:
        """Return what Prometheus would read."""
        connection = HTTPConnection("127.0.0.1", self.metrics_port, timeout=30)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        """Return whether it is up; a server that ended fails the test with its log."""
        if self.process.poll() is not None:
            raise AssertionError(f"the model server ended:\n{self.log.read_text()}")
        try:
            return self.get(self.kind.live)[0] == 200
        except OSError:
            return False


def server_environment(
    kind: ServerKind, store: Path, public_key: Path, ports: Sequence[int]
) -> dict[str, str]:
    """Return the environment of a server whose REST, gRPC and metrics ports are ``ports``."""
    return {
        **os.environ,
        f"{_PREFIX}MODEL_STORE": str(store),
        f"{_PREFIX}PUBLIC_KEY": str(public_key),
        **{name: str(port) for name, port in zip(kind.port_variables, ports, strict=True)},
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }


@contextmanager
def running_server(
    store: Path,
    public_key: Path,
    log: Path,
    kind: ServerKind = MLSERVER,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[RunningServer]:
    """Run a server; ``more`` are settings beyond store, key and ports."""
    ports = http, grpc, metrics = free_ports(3)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [kind.python, "-m", kind.module],
            env={**server_environment(kind, store, public_key, ports), **more},
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            # A group of its own, so that nothing of it is left where a test finds it broken.
            start_new_session=True,
        )
    address = ServerAddress(f"127.0.0.1:{http}", f"127.0.0.1:{grpc}")
    server = RunningServer(address, metrics, process, log, kind)
    try:
        assert eventually(server.answers, within_s=180)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(120)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
