"""Risk over gRPC; any answer that is not a verdict on the very proposal is a refusal."""

from collections.abc import Callable

import grpc

from alphaline.errors import MessageError
from alphaline.messages import Denial, Number, Proposal
from alphaline.runtime.patience import ATTEMPT_S, until_answered
from alphaline.runtime.rpc.risk_codec import Verdict, proposal_to_wire, verdict_from_wire
from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
from alphaline.runtime.service_tls import Connection, ServiceTls
from services.signal_generation.ports import RiskFaultError

# Reconnect quickly after a restart of risk; the library's own back-off grows to two minutes.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


class GrpcRiskGate:
    """Asks once within a deadline (live), or until risk answers (replay).

    Parameters
    ----------
    address
        ``host:port`` of the risk service.
    is_stopping
        Ends the waiting of a replay: the minute is then not finished, and done again at the next
        start.
    tls
        None: as the environment of this process says.
    """

    def __init__(
        self, address: str, is_stopping: Callable[[], bool], tls: ServiceTls | None = None
    ) -> None:
        self._risk = Connection(address, RiskServiceStub, _CHANNEL_OPTIONS, tls)
        self._is_stopping = is_stopping

    def judge(self, proposal: Proposal, deadline_s: float | None) -> Verdict:
        """Return the verdict on ``proposal``."""
        if deadline_s is not None:
            return self._ask(proposal, deadline_s)
        return until_answered(
            lambda: self._ask(proposal, ATTEMPT_S), RiskFaultError, self._is_stopping
        )

    def _ask(self, proposal: Proposal, deadline_s: float) -> Verdict:
        wire = proposal_to_wire(proposal)
        try:
            answer = self._risk.stub.Judge(wire, timeout=deadline_s)
        except grpc.RpcError as error:
            raise RiskFaultError(_denial(error, deadline_s)) from error
        try:
            verdict = verdict_from_wire(answer)
        except MessageError as error:
            raise RiskFaultError(_invalid(error.detail)) from error
        if verdict.decision_id != proposal.decision_id:
            raise RiskFaultError(_invalid(f"verdict on {verdict.decision_id or 'nothing'}"))
        return verdict


def _denial(error: grpc.RpcError, deadline_s: float) -> Denial:
    status = error.code().name
    numbers: dict[str, Number] = {"status": status}
    if status == "DEADLINE_EXCEEDED":
        return Denial(code="RISK_TIMEOUT", numbers={**numbers, "deadline_ms": deadline_s * 1000})
    if status == "FAILED_PRECONDITION":
        return Denial(code="POSITIONS_STALE", numbers={**numbers, "detail": error.details() or ""})
    if status in ("UNAVAILABLE", "CANCELLED"):
        return Denial(code="RISK_UNAVAILABLE", numbers=numbers)
    return Denial(code="RISK_ANSWER_INVALID", numbers={**numbers, "detail": error.details() or ""})


def _invalid(seen: str) -> Denial:
    return Denial(code="RISK_ANSWER_INVALID", numbers={"seen": seen})
