"""The real model server: what it answers, and what it refuses."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from alphaline.errors import (
    ModelAnswerInvalidError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from alphaline.runtime.model_directory import signature_path
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.open_inference import OpenInferencePredictor
from alphaline.runtime.ports import free_port
from tests.delivered_models import COLUMNS, Delivered, deliver, training_rows
from tests.model_server import ROOT, SERVING_PYTHON, RunningServer, needs_serving, running_server
from tests.waiting import eventually

INFER = "/v2/models/intraday/versions/1/infer"
pytestmark = [needs_serving, pytest.mark.slow]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return deliver(tmp_path_factory.mktemp("delivered"))


@pytest.fixture(scope="module")
def server(
    delivered: Delivered, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with running_server(delivered.store, delivered.public_key, log) as running:
        assert eventually(lambda: running.get("/v2/models/intraday/versions/1/ready")[0] == 200)
        yield running


def _client(server: RunningServer, delivered: Delivered, **changes: str) -> OpenInferencePredictor:
    expected = {
        "model_name": "intraday",
        "model_version": delivered.manifest.version,
        "model_digest": delivered.manifest.onnx_digest,
    }
    return OpenInferencePredictor(
        server.address.grpc, column_count=COLUMNS, **{**expected, **changes}
    )


def _post_rows(server: RunningServer, data: list[float | None]) -> tuple[int, str]:
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": [len(data) // COLUMNS, COLUMNS],
        "data": data,
    }
    return server.request("POST", INFER, {"inputs": [tensor]})


def test_grpc_answers_the_bits_of_the_in_process_model(
    server: RunningServer, delivered: Delivered
) -> None:
    rows = training_rows(500, seed=11)[0]
    rows[0] = np.nan
    rows[1] = [np.inf, -np.inf, 1e-38, -0.0, 0.0, 3.4e38, -3.4e38, 1e-45]
    here = OnnxPredictor.load(delivered.directory, delivered.public_key)
    client = _client(server, delivered)
    assert client.is_ready(5.0)
    there = client.predict(rows, 10.0)
    assert there.tobytes() == here.predict(rows).tobytes()
    assert client.predict(rows[:0]).shape == (0,)
    client.close()


def test_rest_answers_the_same_with_name_version_and_digest(
    server: RunningServer, delivered: Delivered
) -> None:
    rows = delivered.rows
    here = OnnxPredictor.load(delivered.directory, delivered.public_key)
    status, text = _post_rows(server, [None if np.isnan(x) else float(x) for x in rows.flat])
    answer = json.loads(text)
    assert status == 200
    assert (answer["model_name"], answer["model_version"]) == ("intraday", "1")
    assert answer["parameters"]["model_digest"] == delivered.manifest.onnx_digest
    assert answer["parameters"]["stage_proof"] == delivered.manifest.stage_proof()
    assert answer["parameters"]["verdict"] == "INSUFFICIENT_EVIDENCE"
    (tensor,) = answer["outputs"]
    served = np.array(tensor["data"], dtype=np.float32).astype(np.float64)
    assert served.tobytes() == here.predict(rows).tobytes()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shape": [1, COLUMNS - 1], "data": [0.0] * (COLUMNS - 1)}, "expected float32 rows"),
        ({"name": "rows"}, "expected one FP32 input features"),
        ({"datatype": "FP64"}, "expected one FP32 input features"),
        ({"data": ["x"] * COLUMNS}, "could not convert"),
        ({"data": [0.0] * (COLUMNS - 1)}, "reshape"),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_a_reason(
    server: RunningServer, change: dict[str, object], reason: str
) -> None:
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": [1, COLUMNS],
        "data": [0.0] * COLUMNS,
    }
    status, text = server.request("POST", INFER, {"inputs": [{**tensor, **change}]})
    assert status == 400
    assert reason in json.loads(text)["error"]


def test_an_answer_of_another_model_is_invalid(server: RunningServer, delivered: Delivered) -> None:
    with pytest.raises(ModelAnswerInvalidError, match="expected an answer of"):
        _client(server, delivered, model_digest="sha256:other").predict(delivered.rows, 10.0)


def test_an_unknown_version_is_unavailable(server: RunningServer, delivered: Delivered) -> None:
    client = _client(server, delivered, model_version="9")
    assert not client.is_ready(5.0)
    with pytest.raises(ModelUnavailableError, match="version 9 not found"):
        client.predict(delivered.rows, 10.0)


def test_a_deadline_that_cannot_be_met_is_a_timeout(
    server: RunningServer, delivered: Delivered
) -> None:
    client = _client(server, delivered)
    client.predict(delivered.rows, 10.0)
    with pytest.raises(ModelTimeoutError):
        client.predict(training_rows(2_000)[0], 1e-6)


def test_a_server_that_is_down_is_unavailable_at_once(delivered: Delivered) -> None:
    client = OpenInferencePredictor(
        f"127.0.0.1:{free_port()}", "intraday", "1", delivered.manifest.onnx_digest, COLUMNS
    )
    assert not client.is_ready(5.0)
    with pytest.raises(ModelUnavailableError, match="is the server up"):
        client.predict(delivered.rows, 10.0)


def _metrics(server: RunningServer) -> str:
    connection = HTTPConnection("127.0.0.1", server.metrics_port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def _load_accepted(version: str, value: float) -> str:
    labels = f'model="intraday",service="model_serving",version="{version}"'
    return f"model_serving_load_accepted{{{labels}}} {value}"


def test_the_server_counts_its_answers(server: RunningServer) -> None:
    text = _metrics(server)
    assert 'model_infer_request_success_total{model="intraday",version="1"}' in text
    assert _load_accepted("1", 1.0) in text


def test_a_server_over_an_empty_store_loads_versions_as_they_are_delivered(tmp_path: Path) -> None:
    public_key = tmp_path / "keys/signing.pub"
    with running_server(tmp_path / "models", public_key, tmp_path / "server.log") as server:
        assert server.request("POST", "/v2/repository/models/intraday/load")[0] == 404
        first = deliver(tmp_path, "1")
        assert server.request("POST", "/v2/repository/models/intraday/load")[0] == 200
        second = deliver(tmp_path, "2", seed=5)
        assert not _client(server, second).is_ready(5.0)
        assert server.request("POST", "/v2/repository/models/intraday/load")[0] == 200
        for version in (first, second):
            here = OnnxPredictor.load(version.directory, version.public_key)
            there = _client(server, version).predict(version.rows, 10.0)
            assert there.tobytes() == here.predict(version.rows).tobytes()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) == 0


def _change_a_byte(delivered: Delivered) -> None:
    path = delivered.directory / "model.onnx"
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)


def test_a_model_that_is_not_what_was_signed_is_never_ready_and_the_server_says_why(
    tmp_path: Path,
) -> None:
    good, changed, forged, unsigned = (deliver(tmp_path, version) for version in "1234")
    _change_a_byte(changed)
    shutil.copy(signature_path(good.directory), signature_path(forged.directory))
    (forged.directory / "manifest.json").write_text("{}")
    signature_path(unsigned.directory).unlink()
    with running_server(good.store, good.public_key, tmp_path / "server.log") as server:
        assert eventually(lambda: _client(server, good).is_ready(5.0))
        assert server.get("/v2/health/ready")[0] != 200
        assert _load_accepted("1", 1.0) in _metrics(server)
        for refused in (changed, forged):
            assert _load_accepted(refused.manifest.version, 0.0) in _metrics(server)
            path = f"/v2/models/intraday/versions/{refused.manifest.version}"
            assert server.get(f"{path}/ready")[0] != 200
            status, text = server.get(path)
            assert status == 400
            assert "SignatureError" in text
            with pytest.raises(ModelUnavailableError):
                _client(server, refused).predict(refused.rows, 10.0)
        assert server.get("/v2/models/intraday/versions/4/ready")[0] == 404
        assert len(_client(server, good).predict(good.rows, 10.0)) == len(good.rows)
        assert "model refused: SignatureError" in server.log.read_text()


def test_a_second_server_on_the_same_ports_says_so(
    server: RunningServer, delivered: Delivered
) -> None:
    grpc_port = server.address.grpc.split(":")[1]
    environment = {
        "ALPHALINE_MODEL_SERVING_MODEL_STORE": str(delivered.store),
        "ALPHALINE_MODEL_SERVING_PUBLIC_KEY": str(delivered.public_key),
        "ALPHALINE_MODEL_SERVING_HTTP_PORT": str(free_port()),
        "ALPHALINE_MODEL_SERVING_GRPC_PORT": grpc_port,
        "ALPHALINE_MODEL_SERVING_METRICS_PORT": str(free_port()),
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    finished = subprocess.run(
        [SERVING_PYTHON, "-m", "services.model_serving"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 1
    assert f"port {grpc_port} of 127.0.0.1 cannot be bound" in finished.stderr
