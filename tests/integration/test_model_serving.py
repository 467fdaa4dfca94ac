"""What MLServer does besides what every model server has to: REST, counts, and ports."""

import json
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.ports import free_port
from tests.delivered_models import COLUMNS, Delivered, deliver
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


def _post_rows(server: RunningServer, data: list[float | None]) -> tuple[int, str]:
    tensor = {
        "name": "features",
        "datatype": "FP32",
        "shape": [len(data) // COLUMNS, COLUMNS],
        "data": data,
    }
    return server.request("POST", INFER, {"inputs": [tensor]})


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


def _load_accepted(version: str, value: float) -> str:
    labels = f'model="intraday",service="model_serving",version="{version}"'
    return f"model_serving_load_accepted{{{labels}}} {value}"


def test_the_server_counts_its_answers(server: RunningServer) -> None:
    text = server.metrics()
    assert 'model_infer_request_success_total{model="intraday",version="1"}' in text
    assert _load_accepted("1", 1.0) in text


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
        timeout=240,
        check=False,
    )
    assert finished.returncode == 1
    assert f"port {grpc_port} of 127.0.0.1 cannot be bound" in finished.stderr
