"""What every model server has to do, whichever it is: MLServer, and seldon-core's wrapper."""

import json
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from alphaline.cli.verification.fault_proxy import FaultProxy, Mode
from alphaline.errors import InferenceError, ModelAnswerInvalidError, ModelUnavailableError
from alphaline.runtime.model_directory import read_model, signature_path
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.open_inference import OpenInferencePredictor
from alphaline.runtime.ports import free_port
from alphaline.runtime.rpc import open_inference_pb2, seldon_pb2
from alphaline.runtime.rpc.open_inference_pb2_grpc import GRPCInferenceServiceStub
from alphaline.runtime.rpc.seldon_pb2_grpc import SeldonStub
from alphaline.runtime.seldon_protocol import SeldonPredictor
from alphaline.runtime.signing import make_key, sign_directory
from services.signal_generation.adapters.in_process import in_process
from tests.delivered_models import COLUMNS, Delivered, deliver, deployment_of, training_rows
from tests.model_server import (
    MLSERVER,
    SELDON,
    RunningServer,
    ServerKind,
    needs_seldon,
    needs_serving,
    running_server,
)
from tests.waiting import eventually

pytestmark = pytest.mark.slow
Client = OpenInferencePredictor | SeldonPredictor
# Rows of a call that takes some hundredths of a second: long enough to be in flight while another is
# answered, short enough that a busy machine finishes all of them within a server's grace.
LARGE = {MLSERVER: 4_000, SELDON: 1_000}
# MLServer works them off one by one: so many that most still wait when a busy client hears of the first.
CALLS_IN_FLIGHT = {MLSERVER: 24, SELDON: 6}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(MLSERVER, marks=needs_serving, id="mlserver"),
        pytest.param(SELDON, marks=[needs_seldon, pytest.mark.seldon], id="seldon"),
    ],
)
def kind(request: pytest.FixtureRequest) -> ServerKind:
    found: ServerKind = request.param
    return found


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return deliver(tmp_path_factory.mktemp("delivered"))


@pytest.fixture(scope="module")
def here(delivered: Delivered) -> OnnxPredictor:
    return OnnxPredictor.load(delivered.directory, delivered.public_key)


@pytest.fixture(scope="module")
def server(
    kind: ServerKind, delivered: Delivered, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with running_server(delivered.store, delivered.public_key, log, kind) as running:
        assert eventually(lambda: _client(running, delivered).is_ready(5.0))
        yield running


def _client(
    server: RunningServer, delivered: Delivered, address: str = "", **changes: str
) -> Client:
    expected = {
        "model_name": "intraday",
        "model_version": delivered.manifest.version,
        "model_digest": delivered.manifest.onnx_digest,
    }
    return server.kind.client(
        address or server.address.grpc, column_count=COLUMNS, **{**expected, **changes}
    )


def test_answers_are_the_bits_of_the_model_in_this_process(
    server: RunningServer, delivered: Delivered, here: OnnxPredictor
) -> None:
    rows = training_rows(500, seed=11)[0]
    rows[0] = np.nan
    rows[1] = [np.inf, -np.inf, 1e-38, -0.0, 0.0, 3.4e38, -3.4e38, 1e-45]
    client = _client(server, delivered)
    assert client.predict(rows, 10.0).tobytes() == here.predict(rows).tobytes()
    one = [client.predict(rows[[number]], 10.0)[0] for number in range(10)]
    assert np.array(one).tobytes() == here.predict(rows[:10]).tobytes()
    assert client.predict(rows[:0]).shape == (0,)
    client.close()


def test_golden_rows_are_answered_as_at_delivery(
    server: RunningServer, delivered: Delivered, here: OnnxPredictor
) -> None:
    golden = read_model(delivered.directory, delivered.public_key)
    there = _client(server, delivered).predict(golden.golden_rows, 10.0)
    assert there.tobytes() == here.predict(golden.golden_rows).tobytes()
    np.testing.assert_allclose(there, golden.golden_probabilities, rtol=0, atol=1e-6)


def test_many_callers_at_once_each_get_their_own_answer(
    server: RunningServer, delivered: Delivered, here: OnnxPredictor
) -> None:
    questions = [training_rows(1 + number % 7, seed=number)[0] for number in range(64)]
    client = _client(server, delivered)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda rows: client.predict(rows, 30.0), questions))
    expected = [here.predict(rows) for rows in questions]
    assert [answer.tobytes() for answer in answers] == [answer.tobytes() for answer in expected]


NARROW = tuple(0.0 for _ in range(COLUMNS - 1))


@contextmanager
def _raw(
    server: RunningServer,
) -> Iterator[Callable[[tuple[float, ...], tuple[int, int]], grpc.Future]]:
    """Ask in the server's own words, without the checks of a client."""
    with grpc.insecure_channel(server.address.grpc) as channel:
        if server.kind is SELDON:
            predict = SeldonStub(channel).Predict
            yield lambda values, shape: predict.future(_seldon(values, shape), timeout=30)
        else:
            infer = GRPCInferenceServiceStub(channel).ModelInfer
            yield lambda values, shape: infer.future(_open_inference(values, shape), timeout=30)


def _seldon(values: tuple[float, ...], shape: tuple[int, int]) -> seldon_pb2.SeldonMessage:
    tensor = seldon_pb2.Tensor(shape=shape, values=values)
    return seldon_pb2.SeldonMessage(data=seldon_pb2.DefaultData(tensor=tensor))


def _open_inference(
    values: tuple[float, ...], shape: tuple[int, int]
) -> open_inference_pb2.ModelInferRequest:
    is_float32 = np.array_equal(np.float32(values), values, equal_nan=True)
    tensor = open_inference_pb2.ModelInferRequest.InferInputTensor(
        name="features", datatype="FP32" if is_float32 else "FP64", shape=shape
    )
    return open_inference_pb2.ModelInferRequest(
        model_name="intraday",
        model_version="1",
        inputs=[tensor],
        raw_input_contents=[np.array(values, "<f4" if is_float32 else "<f8").tobytes()],
    )


def _values(server: RunningServer, answer: Any) -> bytes:
    if server.kind is SELDON:
        return np.array(answer.data.tensor.values, dtype=np.float64).tobytes()
    return np.frombuffer(answer.raw_output_contents[0], "<f4").astype(np.float64).tobytes()


@pytest.mark.parametrize(
    ("values", "shape", "reason"),
    [
        pytest.param(NARROW, (1, COLUMNS - 1), "expected float32 rows", id="narrow"),
        pytest.param((*NARROW, 0.0, 0.0), (1, COLUMNS + 1), "expected float32 rows", id="wide"),
        pytest.param(NARROW, (1, COLUMNS), "reshape|requires a buffer", id="fewer values"),
        pytest.param((0.0,) * 2 * COLUMNS, (1, COLUMNS), "reshape|requires a buffer", id="more"),
        pytest.param((*NARROW, 0.1), (1, COLUMNS), "expected one FP32|float32 holds", id="float64"),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_a_reason(
    server: RunningServer, values: tuple[float, ...], shape: tuple[int, int], reason: str
) -> None:
    with _raw(server) as ask, pytest.raises(grpc.RpcError) as refused:
        ask(values, shape).result()
    assert re.search(reason, str(refused.value.details()))


def test_an_answer_of_another_model_is_invalid(server: RunningServer, delivered: Delivered) -> None:
    with pytest.raises(ModelAnswerInvalidError, match="expected an answer of"):
        _client(server, delivered, model_digest="sha256:other").predict(delivered.rows, 10.0)


def test_in_this_process_the_model_of_another_digest_is_invalid_in_the_same_way(
    delivered: Delivered,
) -> None:
    make = in_process(delivered.store, delivered.public_key)
    assert make(deployment_of(delivered)).model_digest == delivered.manifest.onnx_digest
    with pytest.raises(ModelAnswerInvalidError, match="expected an answer of"):
        make(deployment_of(delivered, model_digest="sha256:other"))


@pytest.mark.parametrize("version", ["9", "..", "1/../1"])
def test_an_unknown_version_is_unavailable(
    server: RunningServer, delivered: Delivered, version: str
) -> None:
    client = _client(server, delivered, model_version=version)
    assert not client.is_ready(5.0)
    with pytest.raises(ModelUnavailableError):
        client.predict(delivered.rows, 10.0)


@pytest.mark.parametrize(
    ("mode", "codes"),
    [
        ("slow", {"MODEL_TIMEOUT"}),
        ("garbage", {"MODEL_ANSWER_INVALID", "MODEL_UNAVAILABLE"}),
    ],
)
def test_a_server_that_is_slow_or_answers_garbage_gives_no_probability(
    server: RunningServer, delivered: Delivered, here: OnnxPredictor, mode: Mode, codes: set[str]
) -> None:
    proxy = FaultProxy(server.address.grpc, slow_s=5.0)
    client = _client(server, delivered, address=proxy.address)
    try:
        assert client.predict(delivered.rows, 10.0).tobytes() == (
            here.predict(delivered.rows).tobytes()
        )
        proxy.mode = mode
        for _ in range(2):  # garbage alternates between bytes that are no message and none at all
            with pytest.raises(InferenceError) as refused:
                client.predict(delivered.rows, 0.3)
            assert refused.value.code in codes
    finally:
        client.close()
        proxy.close()


def test_a_server_that_is_down_is_unavailable_at_once(
    kind: ServerKind, delivered: Delivered
) -> None:
    client = kind.client(
        f"127.0.0.1:{free_port()}", "intraday", "1", delivered.manifest.onnx_digest, COLUMNS
    )
    assert not client.is_ready(5.0)
    with pytest.raises(ModelUnavailableError, match="is the server up"):
        client.predict(delivered.rows, 10.0)


def test_a_server_over_an_empty_store_answers_versions_as_they_are_delivered(
    kind: ServerKind, tmp_path: Path
) -> None:
    public_key = tmp_path / "keys/signing.pub"
    with running_server(tmp_path / "models", public_key, tmp_path / "server.log", kind) as server:
        assert server.get(kind.ready)[0] == 200
        for version, seed in (("1", 0), ("2", 5)):
            delivered = deliver(tmp_path, version, seed)
            assert kind is SELDON or not _client(server, delivered).is_ready(5.0)
            _tell_of_delivery(server)
            there = _client(server, delivered).predict(delivered.rows, 10.0)
            here = OnnxPredictor.load(delivered.directory, delivered.public_key)
            assert there.tobytes() == here.predict(delivered.rows).tobytes()
        assert server.get(kind.ready)[0] == 200


def _tell_of_delivery(server: RunningServer) -> None:
    # The wrapper has no such call: it loads what it is asked.
    if server.kind is MLSERVER:
        assert server.request("POST", "/v2/repository/models/intraday/load")[0] == 200


def _change_a_byte(delivered: Delivered) -> None:
    path = delivered.directory / "model.onnx"
    payload = bytearray(path.read_bytes())
    payload[len(payload) // 2] ^= 1
    path.write_bytes(payload)


def _sign_with_a_foreign_key(delivered: Delivered, folder: Path) -> None:
    private_key, public_key = folder / "foreign.pem", folder / "foreign.pub"
    make_key(private_key, public_key)
    sign_directory(delivered.directory, signature_path(delivered.directory), private_key)


def _leave_a_folder_that_no_delivery_wrote(delivered: Delivered) -> None:
    shutil.copytree(delivered.directory, delivered.directory.with_name("1 (copy)"))
    shutil.copy(signature_path(delivered.directory), delivered.directory.with_name("1 (copy).sig"))


def test_a_version_that_is_not_what_was_signed_is_refused_and_takes_no_other_down(
    kind: ServerKind, tmp_path: Path
) -> None:
    good, changed, forged, foreign, unsigned = (deliver(tmp_path, version) for version in "12345")
    _change_a_byte(changed)
    shutil.copy(signature_path(good.directory), signature_path(forged.directory))
    (forged.directory / "manifest.json").write_text("{}")
    _sign_with_a_foreign_key(foreign, tmp_path)
    signature_path(unsigned.directory).unlink()
    _leave_a_folder_that_no_delivery_wrote(good)
    with running_server(good.store, good.public_key, tmp_path / "server.log", kind) as server:
        assert eventually(lambda: _client(server, good).is_ready(5.0))
        assert server.get(kind.ready)[0] == 200
        assert len(_client(server, good).predict(good.rows, 10.0)) == len(good.rows)
        assert eventually(lambda: _load_accepted(server, "1") == {"1.0"})
        for refused in (changed, forged, foreign):
            version = refused.manifest.version
            assert not _client(server, refused).is_ready(5.0)
            assert f"version {version} is not served: SignatureError" in _reason(server, refused)
            assert _load_accepted(server, version) == {"0.0"}
            assert f"model refused: intraday {version}: SignatureError" in server.log.read_text()
        with pytest.raises(ModelUnavailableError):
            _client(server, unsigned).predict(unsigned.rows, 10.0)


def test_a_server_that_can_serve_nothing_is_alive_but_not_ready_until_it_can(
    kind: ServerKind, tmp_path: Path
) -> None:
    changed = deliver(tmp_path)
    _change_a_byte(changed)
    with running_server(changed.store, changed.public_key, tmp_path / "server.log", kind) as server:
        assert eventually(lambda: "model refused: intraday 1" in server.log.read_text())
        assert server.get(kind.ready)[0] != 200
        assert server.get(kind.live)[0] == 200
        delivered = deliver(tmp_path, "2", seed=5)
        _tell_of_delivery(server)
        assert len(_client(server, delivered).predict(delivered.rows, 10.0)) == len(delivered.rows)
        assert server.get(kind.ready)[0] == 200


@needs_serving
def test_a_version_that_was_changed_while_it_was_served_is_refused_at_the_next_load(
    tmp_path: Path,
) -> None:
    good, changed = deliver(tmp_path), deliver(tmp_path, "2", seed=5)
    with running_server(good.store, good.public_key, tmp_path / "server.log") as server:
        assert eventually(lambda: _client(server, changed).is_ready(5.0))
        _change_a_byte(changed)
        _tell_of_delivery(server)
        assert "SignatureError" in _reason(server, changed)
        assert len(_client(server, good).predict(good.rows, 10.0)) == len(good.rows)
        assert server.get(MLSERVER.ready)[0] == 200


def _load_accepted(server: RunningServer, version: str) -> set[str]:
    lines = [line for line in server.metrics().splitlines() if f'version="{version}"' in line]
    return {
        line.rsplit(" ", 1)[1]
        for line in lines
        if line.startswith("model_serving_load_accepted{") and 'model="intraday"' in line
    }


def _reason(server: RunningServer, refused: Delivered) -> str:
    with pytest.raises(ModelUnavailableError) as unavailable:
        _client(server, refused).predict(refused.rows, 10.0)
    reason = str(unavailable.value)
    if server.kind is MLSERVER:
        # By REST, too: a delivery reads it there.
        status, text = server.get(f"/v2/models/intraday/versions/{refused.manifest.version}")
        assert status == 400
        assert json.loads(text)["error"] in reason
    return reason


@pytest.mark.parametrize("to_all", [False, True], ids=["first process", "process group"])
def test_sigterm_ends_it_within_five_seconds_and_calls_in_flight_are_answered(
    kind: ServerKind, delivered: Delivered, here: OnnxPredictor, tmp_path: Path, to_all: bool
) -> None:
    rows = training_rows(LARGE[kind], seed=3)[0]
    values, shape = tuple(rows.ravel().tolist()), (len(rows), COLUMNS)
    is_one_answered = threading.Event()
    log = tmp_path / "server.log"
    with running_server(delivered.store, delivered.public_key, log, kind) as server:
        assert eventually(lambda: _client(server, delivered).is_ready(5.0))
        with _raw(server) as ask:
            # On one connection: when the first is answered, the server has the others.
            calls = [ask(values, shape) for _ in range(CALLS_IN_FLIGHT[kind])]
            for call in calls:
                call.add_done_callback(lambda _: is_one_answered.set())
            assert is_one_answered.wait(30)
            waiting = [call for call in calls if not call.done()]
            asked = time.monotonic()
            (os.killpg if to_all else os.kill)(server.process.pid, signal.SIGTERM)
            assert waiting
            expected = here.predict(rows).tobytes()
            answered = [call for call in calls if call.exception() is None]
            assert {_values(server, call.result()) for call in answered} == {expected}
            # MLServer answers only what its one loop had begun; the rest is refused at once.
            assert kind is MLSERVER or len(answered) == CALLS_IN_FLIGHT[kind]
        server.process.wait(10)
        assert time.monotonic() - asked < 5.0
        with pytest.raises(ProcessLookupError):
            os.killpg(server.process.pid, 0)
