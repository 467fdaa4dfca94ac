"""The gate to risk against a gRPC server that is slow, gone, or answers garbage."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

from alphaline.messages import Denial
from alphaline.runtime.patience import StoppedError
from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_codec import Verdict, proposal_from_wire, verdict_to_wire
from services.signal_generation.adapters.risk_grpc import GrpcRiskGate
from services.signal_generation.ports import RiskFaultError
from tests.line_values import proposal

ASKED = proposal(10)
METHOD = "/alphaline.risk.v1.RiskService/Judge"
Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers with whatever bytes it is told to."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.calls = 0

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of the one method."""
        assert details.method == METHOD
        return grpc.unary_unary_rpc_method_handler(self._call)

    def _call(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.calls += 1
        return self.answer(request, context)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], tuple[str, Handler]]]:
    """Return what starts a server; it ends with the test."""
    servers: list[grpc.Server] = []

    def start(answer: Answer) -> tuple[str, Handler]:
        handler = Handler(answer)
        server = grpc.server(futures.ThreadPoolExecutor(2))
        server.add_generic_rpc_handlers((handler,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}", handler

    yield start
    for server in servers:
        server.stop(0).wait()


def verdict(decision_id: str = ASKED.decision_id, **changed: Any) -> bytes:
    values: dict[str, Any] = {
        "decision_id": decision_id,
        "approved": True,
        "denials": (),
        "limits_digest": "limits",
        "journal_seq": 3,
    }
    wire = verdict_to_wire(Verdict(**{**values, **changed}))
    return bytes(wire.SerializeToString())


def denial_of(address: str, deadline_s: float = 5.0) -> Denial:
    gate = GrpcRiskGate(address, lambda: False)
    with pytest.raises(RiskFaultError) as raised:
        gate.judge(ASKED, deadline_s)
    return raised.value.denial


def test_the_verdict_on_the_very_proposal_comes_back(serve) -> None:
    seen: list[bytes] = []

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        seen.append(request)
        return verdict()

    address, _ = serve(answer)
    found = GrpcRiskGate(address, lambda: False).judge(ASKED, 5.0)
    assert (found.approved, found.journal_seq) == (True, 3)
    assert proposal_from_wire(risk_pb2.Proposal.FromString(seen[0])) == ASKED


def test_a_slow_answer_is_a_timeout(serve) -> None:
    go_on = threading.Event()

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        go_on.wait(30)
        return verdict()

    address, _ = serve(answer)
    denial = denial_of(address, 0.05)
    go_on.set()
    assert (denial.code, denial.numbers["deadline_ms"]) == ("RISK_TIMEOUT", 50.0)


def test_nobody_at_the_address_is_unavailable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        denial = denial_of(f"127.0.0.1:{held.getsockname()[1]}")
    assert denial.code == "RISK_UNAVAILABLE"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff\xff not protobuf",
        b"",
        verdict("another decision"),
        risk_pb2.Verdict(decision_id=ASKED.decision_id, approved=False).SerializeToString(),
        risk_pb2.Verdict(
            decision_id=ASKED.decision_id,
            approved=True,
            denials=[risk_pb2.Denial(code="POSITION_LIMIT")],
        ).SerializeToString(),
    ],
    ids=["bytes", "empty", "other decision", "denied without reason", "approved with denials"],
)
def test_an_answer_that_is_no_verdict_on_the_proposal_is_invalid(serve, garbage: bytes) -> None:
    address, _ = serve(lambda *_: garbage)
    assert denial_of(address).code == "RISK_ANSWER_INVALID"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.FAILED_PRECONDITION, "POSITIONS_STALE"),
        (grpc.StatusCode.UNAVAILABLE, "RISK_UNAVAILABLE"),
        (grpc.StatusCode.INVALID_ARGUMENT, "RISK_ANSWER_INVALID"),
        (grpc.StatusCode.INTERNAL, "RISK_ANSWER_INVALID"),
    ],
)
def test_every_status_has_its_denial(serve, status: grpc.StatusCode, code: str) -> None:
    address, _ = serve(lambda _, context: context.abort(status, "for a test"))
    assert denial_of(address).code == code


def test_a_fault_inside_risk_is_no_verdict(serve) -> None:
    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        raise RuntimeError("for a test")

    address, _ = serve(answer)
    assert denial_of(address).code == "RISK_ANSWER_INVALID"


def test_a_replay_asks_until_risk_answers(serve) -> None:
    handlers: list[Handler] = []

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        if handlers[0].calls < 3:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not there yet")
        return verdict()

    address, handler = serve(answer)
    handlers.append(handler)
    assert GrpcRiskGate(address, lambda: False).judge(ASKED, None).approved
    assert handler.calls == 3


def test_a_replay_that_is_told_to_stop_leaves_the_minute_unfinished(serve) -> None:
    stopping = threading.Event()

    def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
        stopping.set()
        context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        return b""

    address, _ = serve(answer)
    with pytest.raises(StoppedError):
        GrpcRiskGate(address, stopping.is_set).judge(ASKED, None)
