"""What seldon-core's wrapper does besides what every model server has to: REST, probes, counts, processes."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaline.errors import ModelUnavailableError
from alphaline.runtime.model_protocols import PROTOCOLS
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.ports import free_port, free_ports
from alphaline.runtime.seldon_protocol import SeldonPredictor
from ci.model_server import ServerAddress, hand_over
from ci.proof import prove
from services.signal_generation.adapters.predictors import by_protocol
from tests.delivered_models import COLUMNS, Delivered, deliver, deployment_of, training_rows
from tests.model_server import (
    SELDON,
    SELDON_PYTHON,
    RunningServer,
    needs_seldon,
    running_server,
    server_environment,
)
from tests.waiting import eventually

PREDICT = "/api/v1.0/predictions"
pytestmark = [needs_seldon, pytest.mark.seldon, pytest.mark.slow]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return deliver(tmp_path_factory.mktemp("delivered"))


@pytest.fixture(scope="module")
def server(
    delivered: Delivered, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with running_server(delivered.store, delivered.public_key, log, SELDON) as running:
        assert eventually(lambda: _client(running.address.grpc, delivered).is_ready(5.0))
        yield running


def _client(address: str, delivered: Delivered) -> SeldonPredictor:
    return SeldonPredictor(address, "intraday", "1", delivered.manifest.onnx_digest, COLUMNS)


def _ask(server: RunningServer, data: dict[str, object], **meta: object) -> tuple[int, Any]:
    status, text = server.request("POST", PREDICT, {"data": data, "meta": meta})
    return status, json.loads(text)


def _expected(delivered: Delivered) -> bytes:
    return (
        OnnxPredictor.load(delivered.directory, delivered.public_key)
        .predict(delivered.rows)
        .tobytes()
    )


def _as_lists(delivered: Delivered) -> dict[str, object]:
    rows = delivered.rows.astype(float).tolist()
    return {"ndarray": [[None if np.isnan(value) else value for value in row] for row in rows]}


def _as_tensor(delivered: Delivered) -> dict[str, object]:
    values = ["NaN" if np.isnan(value) else float(value) for value in delivered.rows.ravel()]
    return {"tensor": {"shape": list(delivered.rows.shape), "values": values}}


@pytest.mark.parametrize("written", [_as_lists, _as_tensor])
def test_rest_answers_the_same_with_name_version_and_digest(
    server: RunningServer, delivered: Delivered, written: Any
) -> None:
    status, answer = _ask(server, written(delivered), puid="asked by a test")
    assert status == 200
    assert answer["meta"]["puid"] == "asked by a test"
    tags = answer["meta"]["tags"]
    assert (tags["model_name"], tags["model_version"]) == ("intraday", "1")
    assert tags["model_digest"] == delivered.manifest.onnx_digest
    assert tags["stage_proof"] == delivered.manifest.stage_proof()
    assert tags["verdict"] == "INSUFFICIENT_EVIDENCE"
    assert answer["data"]["names"] == ["probability"]
    assert np.array(answer["data"]["tensor"]["values"]).tobytes() == _expected(delivered)


ZEROS = [0.0] * COLUMNS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"ndarray": [ZEROS[1:]]}, "expected float32 rows"),
        ({"ndarray": [ZEROS, ZEROS[1:]]}, "inhomogeneous"),
        ({"ndarray": [["1.5", *ZEROS[1:]]]}, "expected numbers or null"),
        ({"ndarray": [[True, *ZEROS[1:]]]}, "expected numbers or null"),
        ({"ndarray": [[0.1, *ZEROS[1:]]]}, "float32 holds"),
        ({"ndarray": ZEROS}, "expected float32 rows"),
        ({"tensor": {"shape": [1, COLUMNS], "values": ZEROS[1:]}}, "cannot reshape"),
        ({"tensor": {"shape": [-1, -COLUMNS], "values": ZEROS}}, "cannot reshape"),
        ({"tensor": {"shape": [1, COLUMNS], "values": [1e39, *ZEROS[1:]]}}, "float32 holds"),
        ({}, "expected data.tensor or data.ndarray"),
        ({"rows": [ZEROS]}, "Invalid JSON"),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_a_reason(
    server: RunningServer, data: dict[str, object], reason: str
) -> None:
    status, answer = _ask(server, data)
    assert status == 400
    assert reason in answer["status"]["info"]


def test_tags_of_the_question_are_not_repeated_in_the_answer(server: RunningServer) -> None:
    status, answer = _ask(server, {"ndarray": [ZEROS]}, tags={"model_digest": "mine", "x": "y"})
    assert status == 200
    assert answer["meta"]["tags"]["model_digest"] != "mine"
    assert "x" not in answer["meta"]["tags"]


def test_a_question_without_tags_is_refused_where_several_versions_stand_in_the_store(
    server: RunningServer, delivered: Delivered
) -> None:
    second = deliver(delivered.store.parent, "2", seed=5)
    try:
        status, answer = _ask(server, {"ndarray": [ZEROS]})
        assert status == 404
        assert "2 versions stand in the store" in answer["status"]["info"]
        tags = {"model_name": "intraday", "model_version": "2"}
        assert _ask(server, {"ndarray": [ZEROS]}, tags=tags)[0] == 200
    finally:
        second.directory.with_name("2.sig").unlink()


def _count(server: RunningServer, outcome: str) -> float:
    start = f"model_infer_request_{outcome}_total{{"
    lines = [line for line in server.metrics().splitlines() if line.startswith(start)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_answers_and_refusals_are_counted_and_probes_are_not(
    server: RunningServer, delivered: Delivered
) -> None:
    client = _client(server.address.grpc, delivered)
    before = _count(server, "success"), _count(server, "failure")
    for path in ("/health/status", "/health/ping", "/api/v1.0/health/status"):
        assert server.get(path)[0] == 200
    assert client.is_ready(5.0)
    assert (_count(server, "success"), _count(server, "failure")) == before
    for _ in range(3):
        client.predict(delivered.rows, 10.0)
    assert _ask(server, {"ndarray": [ZEROS[1:]]})[0] == 400
    assert (_count(server, "success"), _count(server, "failure")) == (before[0] + 3, before[1] + 1)
    unknown = {"model_name": "invented", "model_version": "77"}
    assert _ask(server, {"ndarray": [ZEROS]}, tags=unknown)[0] == 404
    assert "invented" not in server.metrics()


def test_a_second_server_on_the_same_ports_says_so(
    server: RunningServer, delivered: Delivered
) -> None:
    http, metrics = free_ports(2)
    grpc_port = int(server.address.grpc.split(":")[1])
    finished = subprocess.run(
        [SELDON_PYTHON, "-m", SELDON.module],
        env=server_environment(
            SELDON, delivered.store, delivered.public_key, (http, grpc_port, metrics)
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1
    assert f"port {grpc_port} of 127.0.0.1 cannot be bound" in finished.stderr
    assert "PREDICTIVE_UNIT_GRPC_SERVICE_PORT" in finished.stderr


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(number) for number in text.split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
def test_a_process_that_dies_takes_the_server_with_it(delivered: Delivered, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with running_server(delivered.store, delivered.public_key, log, SELDON) as server:
        assert eventually(lambda: _client(server.address.grpc, delivered).is_ready(5.0))
        # In the order of their start: what keeps the metrics, gRPC, REST, metrics.
        os.kill(_children(server.process.pid)[1], signal.SIGKILL)
        assert server.process.wait(10) == 1
        assert "gRPC ended with -9" in log.read_text()


def test_the_class_works_under_the_wrappers_own_command(
    delivered: Delivered, tmp_path: Path
) -> None:
    ports = free_ports(3)
    parameters = [
        {"name": name, "value": str(value), "type": "STRING"}
        for name, value in (("model_store", delivered.store), ("public_key", delivered.public_key))
    ]
    log = tmp_path / "wrapper.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                SELDON_PYTHON.with_name("seldon-core-microservice"),
                "services.model_serving.seldon_adapter.SignedModels",
                "--parameters",
                json.dumps(parameters),
            ],
            env=server_environment(SELDON, delivered.store, delivered.public_key, ports),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    client = _client(f"127.0.0.1:{ports[1]}", delivered)
    try:
        assert eventually(lambda: client.is_ready(5.0), within_s=60), log.read_text()
        assert client.predict(delivered.rows, 10.0).tobytes() == _expected(delivered)
    finally:
        client.close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_signal_service_asks_it_for_the_deployed_model(
    server: RunningServer, delivered: Delivered
) -> None:
    make = by_protocol(PROTOCOLS["seldon"], server.address.grpc, {"intraday_v1": COLUMNS})
    predictor = make(deployment_of(delivered, strategy_id="spy_intraday_v1", lane="champion"))
    assert predictor.predict(delivered.rows, 10.0).tobytes() == _expected(delivered)


def test_delivery_asks_it_the_golden_rows_of_a_version_it_has_not_heard_of(
    server: RunningServer, delivered: Delivered
) -> None:
    later = deliver(delivered.store.parent, "3", seed=6)
    address = ServerAddress("", server.address.grpc, "seldon")
    try:
        hand_over(address, later.directory, later.public_key)
        missing = ServerAddress("", f"127.0.0.1:{free_port()}", "seldon")
        with pytest.raises(ModelUnavailableError, match="is the server up"):
            hand_over(missing, later.directory, later.public_key)
    finally:
        later.directory.with_name("3.sig").unlink()


def test_a_delivery_is_proven_equal_in_this_environment(delivered: Delivered) -> None:
    rows = training_rows(2_000, seed=9)[0]
    onnx = (delivered.directory / "model.onnx").read_bytes()
    result = prove(delivered.estimator, rows, onnx, 0.6, 0.4, SELDON_PYTHON)
    assert result.holds
