"""Whatever a model server answers, only probabilities of the expected model come through."""

import struct
import threading
from collections.abc import Callable, Iterator
from concurrent import futures

import grpc
import numpy as np
import pytest

from alphaline.errors import (
    InferenceError,
    ModelAnswerInvalidError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from alphaline.runtime.open_inference import OpenInferencePredictor
from alphaline.runtime.rpc import open_inference_pb2 as wire
from alphaline.runtime.rpc.open_inference_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)

DIGEST = "sha256:abc"
ROWS = np.array([[1.0, np.nan], [0.5, -0.0]], dtype=np.float32)
Answer = Callable[[wire.ModelInferRequest, grpc.ServicerContext], wire.ModelInferResponse]


class ScriptedServer:
    """An Open Inference server whose answers a test writes; it keeps what it was asked."""

    ServerLive = ServerReady = ModelReady = None  # registered with the rest, never called

    def __init__(self) -> None:
        self.answer: Answer = lambda *_: _answer()
        self.asked: list[wire.ModelInferRequest] = []
        self.metadata: list[tuple[str, str]] = []

    def ModelInfer(  # noqa: N802 - the protocol's name
        self, request: wire.ModelInferRequest, context: grpc.ServicerContext
    ) -> wire.ModelInferResponse:
        """Answer as the test says."""
        self.asked.append(request)
        self.metadata += context.invocation_metadata()
        return self.answer(request, context)


def _answer(
    values: tuple[float, ...] = (0.25, 0.75),
    *,
    name: str = "m",
    version: str = "1",
    digest: str = DIGEST,
    output: str = "probability",
    datatype: str = "FP32",
    shape: tuple[int, ...] = (2, 1),
) -> wire.ModelInferResponse:
    tensor = wire.ModelInferResponse.InferOutputTensor(name=output, datatype=datatype, shape=shape)
    response = wire.ModelInferResponse(model_name=name, model_version=version, outputs=[tensor])
    response.parameters["model_digest"].string_param = digest
    response.raw_output_contents.append(struct.pack(f"<{len(values)}f", *values))
    return response


@pytest.fixture
def server() -> Iterator[tuple[ScriptedServer, OpenInferencePredictor]]:
    scripted = ScriptedServer()
    process = grpc.server(futures.ThreadPoolExecutor(2))
    add_GRPCInferenceServiceServicer_to_server(scripted, process)
    port = process.add_insecure_port("127.0.0.1:0")
    process.start()
    routed = [("seldon", "model"), ("namespace", "trading")]
    client = OpenInferencePredictor(f"127.0.0.1:{port}", "m", "1", DIGEST, 2, metadata=routed)
    yield scripted, client
    client.close()
    process.stop(None).wait()


Served = tuple[ScriptedServer, OpenInferencePredictor]


def test_rows_go_out_as_raw_bits_and_answers_come_back_as_they_are(server: Served) -> None:
    scripted, client = server
    answer = client.predict(ROWS, 5.0)
    assert answer.tolist() == [0.25, 0.75]
    assert answer.dtype == np.float64
    (asked,) = scripted.asked
    assert (asked.model_name, asked.model_version) == ("m", "1")
    assert asked.raw_input_contents[0] == ROWS.astype("<f4").tobytes()
    assert list(asked.inputs[0].shape) == [2, 2]


def test_a_router_sees_what_it_routes_by(server: Served) -> None:
    scripted, client = server
    client.predict(ROWS, 5.0)
    assert {("seldon", "model"), ("namespace", "trading")} <= set(scripted.metadata)


def test_an_answer_in_typed_contents_counts_the_same(server: Served) -> None:
    scripted, client = server
    response = _answer()
    del response.raw_output_contents[:]
    response.outputs[0].contents.fp32_contents.extend([0.25, 0.75])
    scripted.answer = lambda *_: response
    assert client.predict(ROWS, 5.0).tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    "garbage",
    [
        _answer((0.25,)),
        _answer((0.25,), shape=(1, 1)),
        _answer((0.25, 0.75, 0.5), shape=(3, 1)),
        _answer(shape=(1, 2)),
        _answer(shape=(3, 1)),
        _answer(shape=()),
        _answer((float("nan"), 0.75)),
        _answer((float("inf"), 0.75)),
        _answer((1.0000001, 0.75)),
        _answer((-1e-30, 0.75)),
        _answer(digest="sha256:other"),
        _answer(digest=""),
        _answer(output="label"),
        _answer(datatype="FP64"),
        wire.ModelInferResponse(),
        wire.ModelInferResponse(model_name="m", model_version="1"),
    ],
)
def test_garbage_is_an_invalid_answer(server: Served, garbage: wire.ModelInferResponse) -> None:
    scripted, client = server
    scripted.answer = lambda *_: garbage
    with pytest.raises(ModelAnswerInvalidError) as refused:
        client.predict(ROWS, 5.0)
    assert refused.value.code == "MODEL_ANSWER_INVALID"


@pytest.mark.parametrize(("name", "version"), [("m_3", "3"), ("m-1-abc_1", ""), ("", "")])
def test_the_model_that_was_announced_counts_under_whatever_name(
    server: Served, name: str, version: str
) -> None:
    scripted, client = server
    scripted.answer = lambda *_: _answer(name=name, version=version)
    assert client.predict(ROWS, 5.0).tolist() == [0.25, 0.75]


def test_an_answer_without_a_digest_says_what_to_upgrade(server: Served) -> None:
    scripted, client = server
    scripted.answer = lambda *_: _answer(digest="")
    with pytest.raises(ModelAnswerInvalidError, match="upgrade the model server before"):
        client.predict(ROWS, 5.0)


def test_a_slow_answer_is_a_timeout(server: Served) -> None:
    scripted, client = server
    release = threading.Event()

    def wait(
        request: wire.ModelInferRequest, context: grpc.ServicerContext
    ) -> wire.ModelInferResponse:
        release.wait(30)
        return _answer()

    scripted.answer = wait
    with pytest.raises(ModelTimeoutError) as refused:
        client.predict(ROWS, 0.1)
    release.set()
    assert refused.value.code == "MODEL_TIMEOUT"


@pytest.mark.parametrize(
    "status", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNKNOWN]
)
def test_a_server_that_refuses_is_unavailable(server: Served, status: grpc.StatusCode) -> None:
    scripted, client = server
    scripted.answer = lambda _, context: context.abort(status, "model m is not ready")
    with pytest.raises(ModelUnavailableError, match="model m is not ready") as refused:
        client.predict(ROWS, 5.0)
    assert refused.value.code == "MODEL_UNAVAILABLE"


def test_every_inference_fault_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in InferenceError.__subclasses__()]
    assert sorted(codes) == ["MODEL_ANSWER_INVALID", "MODEL_TIMEOUT", "MODEL_UNAVAILABLE"]
