"""gRPC ↔ the desk: bytes become proposals here, faults become status codes, refusals stay values."""

from collections.abc import Iterator
from concurrent import futures

import grpc

from alphaline.errors import BrokerError, ContractError, MessageError, StoreUnavailableError
from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_codec import Verdict, proposal_from_wire, verdict_to_wire
from alphaline.runtime.rpc.risk_pb2_grpc import (
    RiskServiceServicer,
    add_RiskServiceServicer_to_server,
)
from alphaline.runtime.service_tls import ServiceTls, listen
from alphaline.runtime.telemetry import Telemetry
from services.risk_management.desk import PositionsStaleError, RiskDesk

# Judgements are serial; the other threads answer status and the kill switch meanwhile.
THREADS = 4


class RiskServicer(RiskServiceServicer):  # type: ignore[misc]
    """Answers with verdicts.

    Parameters
    ----------
    wait_s
        How long fills and marks may lag behind a proposal; None: as long as the caller waits.
    """

    def __init__(self, desk: RiskDesk, wait_s: float | None, telemetry: Telemetry) -> None:
        self._desk = desk
        self._wait_s = wait_s
        self._telemetry = telemetry
        self._counts = {True: 0, False: 0}
        # It outlives restarts, and so does what an alert sees of it.
        self._tell_kill_switch()

    def Judge(  # noqa: N802 - the names of the service's methods
        self, request: risk_pb2.Proposal, context: grpc.ServicerContext
    ) -> risk_pb2.Verdict:
        """Return the verdict on one proposal."""
        try:
            proposal = proposal_from_wire(request)
        except MessageError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        try:
            with self._telemetry.histogram("risk_judgement_seconds").time():
                decision = self._desk.judge(proposal, self._wait_s, context.is_active)
        except PositionsStaleError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except (BrokerError, StoreUnavailableError) as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        self._counts[not decision.denials] += 1
        return verdict_to_wire(
            Verdict(
                decision_id=decision.decision_id,
                approved=not decision.denials,
                denials=decision.denials,
                limits_digest=decision.limits_digest,
                journal_seq=decision.journal_seq,
            )
        )

    def JudgeStream(  # noqa: N802
        self, request_iterator: Iterator[risk_pb2.Proposal], context: grpc.ServicerContext
    ) -> Iterator[risk_pb2.Verdict]:
        """Return a verdict for each proposal of a stream, in its order."""
        for request in request_iterator:
            yield self.Judge(request, context)

    def EngageKillSwitch(  # noqa: N802
        self, request: risk_pb2.KillSwitchRequest, context: grpc.ServicerContext
    ) -> risk_pb2.KillSwitchState:
        """Stop all trading."""
        if not request.by.strip():
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "expected who engages it, saw nobody")
        try:
            self._desk.engage_kill_switch(request.by, request.reason)
        except StoreUnavailableError as error:
            self._tell_kill_switch()
            context.abort(
                grpc.StatusCode.UNAVAILABLE,
                f"engaged for as long as this process lives, but not recorded: {error}. Ask again",
            )
        return self._kill_switch()

    def ClearKillSwitch(  # noqa: N802
        self, request: risk_pb2.KillSwitchRequest, context: grpc.ServicerContext
    ) -> risk_pb2.KillSwitchState:
        """Let trading go on; a named person has to say so."""
        try:
            self._desk.clear_kill_switch(request.by, request.reason)
        except ContractError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except StoreUnavailableError as error:
            context.abort(grpc.StatusCode.UNAVAILABLE, f"{error}; it stays as it is")
        return self._kill_switch()

    def Status(  # noqa: N802
        self,
        request: risk_pb2.StatusRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> risk_pb2.RiskStatus:
        """Return what risk stands at."""
        return risk_pb2.RiskStatus(
            kill_switch=self._kill_switch(),
            limits_digest=self._desk.profile.digest,
            line_time=self._desk.line_time,
            approved=self._counts[True],
            denied=self._counts[False],
        )

    def _kill_switch(self) -> risk_pb2.KillSwitchState:
        self._tell_kill_switch()
        switch = self._desk.state.kill_switch
        return risk_pb2.KillSwitchState(engaged=switch.is_engaged, by=switch.by, reason=switch.why)

    def _tell_kill_switch(self) -> None:
        is_engaged = self._desk.state.kill_switch.is_engaged
        self._telemetry.gauge("risk_kill_switch_engaged").set(is_engaged)


def serve(
    servicer: RiskServicer, address: str, tls: ServiceTls | None = None
) -> tuple[grpc.Server, int]:
    """Start the server; returns it with its port (port 0 in ``address`` takes a free one)."""
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=(("grpc.so_reuseport", 0),))
    add_RiskServiceServicer_to_server(servicer, server)
    port = listen(server, address, tls)
    server.start()
    return server, port
