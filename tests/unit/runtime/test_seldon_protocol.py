"""Whatever answers by Seldon's protocol, only probabilities of the expected model come through."""

import math
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent import futures

import grpc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alphaline.errors import (
    ModelAnswerInvalidError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from alphaline.runtime.inference import exact_float32
from alphaline.runtime.rpc import seldon_pb2 as wire
from alphaline.runtime.rpc.seldon_pb2_grpc import add_SeldonServicer_to_server
from alphaline.runtime.seldon_protocol import SeldonPredictor

DIGEST = "sha256:abc"
ROWS = np.array([[1.0, np.nan], [0.5, -0.0]], dtype=np.float32)
Answer = Callable[[wire.SeldonMessage, grpc.ServicerContext], wire.SeldonMessage]


class ScriptedServer:
    """A server of Seldon's protocol whose answers a test writes; it keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = lambda *_: _answer()
        self.asked: list[wire.SeldonMessage] = []
        self.metadata: dict[str, str] = {}

    def Predict(  # noqa: N802 - the protocol's name
        self, request: wire.SeldonMessage, context: grpc.ServicerContext
    ) -> wire.SeldonMessage:
        """Answer as the test says."""
        self.asked.append(request)
        self.metadata = dict(context.invocation_metadata())
        return self.answer(request, context)


def _answer(
    values: tuple[float, ...] = (0.25, 0.75),
    *,
    name: str = "m",
    version: str = "1",
    digest: str = DIGEST,
    names: tuple[str, ...] = ("probability",),
    shape: tuple[int, ...] = (2, 1),
    status: wire.Status | None = None,
) -> wire.SeldonMessage:
    tensor = wire.Tensor(shape=shape, values=values)
    data = wire.DefaultData(names=names, tensor=tensor)
    response = wire.SeldonMessage(data=data, status=status)
    for tag, value in (("name", name), ("version", version), ("digest", digest)):
        response.meta.tags[f"model_{tag}"].string_value = value
    return response


def _as_lists() -> wire.SeldonMessage:
    response = _answer()
    response.data.ndarray.extend([[0.25], [0.75]])
    return response


def _digest_as_a_number() -> wire.SeldonMessage:
    response = _answer()
    response.meta.tags["model_digest"].number_value = 1
    return response


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[ScriptedServer, SeldonPredictor]]:
    scripted = ScriptedServer()
    process = grpc.server(futures.ThreadPoolExecutor(2))
    add_SeldonServicer_to_server(scripted, process)
    port = process.add_insecure_port("127.0.0.1:0")
    process.start()
    route = [("seldon", "alphaline")]
    client = SeldonPredictor(f"127.0.0.1:{port}", "m", "1", DIGEST, 2, metadata=route)
    yield scripted, client
    client.close()
    process.stop(None).wait()


Served = tuple[ScriptedServer, SeldonPredictor]


@pytest.fixture(autouse=True)
def _forgotten(server: Served) -> None:
    scripted, _ = server
    scripted.asked.clear()
    scripted.answer = lambda *_: _answer()


def test_rows_go_out_with_the_model_asked_and_answers_come_back_as_they_are(server: Served) -> None:
    scripted, client = server
    answer = client.predict(ROWS, 5.0)
    assert answer.tolist() == [0.25, 0.75]
    assert answer.dtype == np.float64
    (asked,) = scripted.asked
    tags = {name: value.string_value for name, value in asked.meta.tags.items()}
    assert tags == {"model_name": "m", "model_version": "1"}
    assert list(asked.data.tensor.shape) == [2, 2]
    assert scripted.metadata["seldon"] == "alphaline"


@given(
    rows=arrays.arrays(
        np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=st.floats(width=32)
    )
)
def test_every_float32_arrives_as_it_was(server: Served, rows: np.ndarray) -> None:  # type: ignore[type-arg]
    scripted, client = server
    scripted.answer = lambda *_: _answer((0.5,) * len(rows), shape=(len(rows), 1))
    client.predict(rows, 5.0)
    arrived = np.array(scripted.asked[-1].data.tensor.values).astype(np.float32)
    np.testing.assert_array_equal(arrived.reshape(rows.shape), rows)
    assert (np.signbit(arrived) == np.signbit(rows.ravel()))[~np.isnan(arrived)].all()


def test_no_rows_need_no_call(server: Served) -> None:
    scripted, client = server
    assert client.predict(ROWS[:0]).shape == (0,)
    assert not scripted.asked


@pytest.mark.parametrize(
    "garbage",
    [
        _answer((0.25,)),
        _answer((0.25,), shape=(1, 1)),
        _answer((0.25, 0.75, 0.5), shape=(3, 1)),
        _answer(shape=(1, 2)),
        _answer(shape=(3, 1)),
        _answer(shape=(-2, -1)),
        _answer(shape=()),
        _answer((float("nan"), 0.75)),
        _answer((float("inf"), 0.75)),
        _answer((1.0000001192092896, 0.75)),
        _answer((-1e-30, 0.75)),
        _answer((0.1, 0.75)),  # no float32
        _answer((1e300, 0.75)),
        _answer(digest="sha256:other"),
        _answer(digest=""),
        _answer(names=("label",)),
        _answer(names=()),
        _answer(names=("probability", "probability")),
        _as_lists(),
        _digest_as_a_number(),
        wire.SeldonMessage(),
        wire.SeldonMessage(strData="0.25,0.75"),
    ],
)
def test_garbage_is_an_invalid_answer(server: Served, garbage: wire.SeldonMessage) -> None:
    scripted, client = server
    scripted.answer = lambda *_: garbage
    with pytest.raises(ModelAnswerInvalidError) as refused:
        client.predict(ROWS, 5.0)
    assert refused.value.code == "MODEL_ANSWER_INVALID"


def test_an_echo_of_the_question_is_an_invalid_answer(server: Served) -> None:
    scripted, client = server
    scripted.answer = lambda request, _: request
    with pytest.raises(ModelAnswerInvalidError, match="expected an answer of"):
        client.predict(ROWS, 5.0)


def test_a_slow_answer_is_a_timeout(server: Served) -> None:
    scripted, client = server
    release = threading.Event()

    def wait(request: wire.SeldonMessage, context: grpc.ServicerContext) -> wire.SeldonMessage:
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


@pytest.mark.parametrize(
    "status",
    [
        wire.Status(code=500, info="node is down"),
        wire.Status(status=wire.Status.FAILURE, info="node is down"),
    ],
)
def test_an_orchestrators_failure_in_a_message_is_unavailable(
    server: Served, status: wire.Status
) -> None:
    scripted, client = server
    scripted.answer = lambda *_: _answer(status=status)
    with pytest.raises(ModelUnavailableError, match="node is down"):
        client.predict(ROWS, 5.0)


def test_ready_is_an_answer_of_the_expected_model_to_no_rows(server: Served) -> None:
    scripted, client = server
    scripted.answer = lambda *_: _answer((), shape=(0, 1))
    assert client.is_ready(5.0)
    assert list(scripted.asked[0].data.tensor.shape) == [0, 2]
    scripted.answer = lambda *_: _answer((), shape=(0, 1), digest="sha256:other")
    assert not client.is_ready(5.0)
    scripted.answer = lambda _, context: context.abort(grpc.StatusCode.UNKNOWN, "not loaded")
    assert not client.is_ready(5.0)


@given(values=arrays.arrays(np.float64, st.integers(1, 8), elements=st.floats()))
def test_what_float32_does_not_hold_is_refused_and_the_rest_keeps_its_value(
    values: np.ndarray,  # type: ignore[type-arg]
) -> None:
    holds = [math.isnan(value) or _in_float32(value) == value for value in values]
    if all(holds):
        np.testing.assert_array_equal(exact_float32(values).astype(np.float64), values)
    else:
        with pytest.raises(ValueError, match=f"as value {holds.index(False)}"):
            exact_float32(values)


def _in_float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.nan
