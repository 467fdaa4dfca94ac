from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest

from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_codec import proposal_to_wire, verdict_from_wire
from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
from alphaline.runtime.telemetry import Telemetry
from services.risk_management.transport.grpc_server import RiskServicer, serve
from tests.line_values import at, proposal
from tests.unit.risk_management.desk_with_journal import Desk


class Served(NamedTuple):
    """A desk behind its server, and a client."""

    desk: Desk
    risk: RiskServiceStub


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    desk = Desk(tmp_path / "journal.sqlite")
    servicer = RiskServicer(desk.desk, 0.05, Telemetry("risk_management"))
    server, port = serve(servicer, "127.0.0.1:0")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Served(desk, RiskServiceStub(channel))
    server.stop(0).wait()
    desk.journal.close()


def status_of(call, request) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=30)
    return raised.value.code(), raised.value.details()


def test_a_verdict_comes_back_and_the_same_one_again(served: Served) -> None:
    served.desk.minutes(1, 9)
    answers = [served.risk.Judge(proposal_to_wire(proposal(10)), timeout=30) for _ in range(2)]
    assert answers[0] == answers[1]
    verdict = verdict_from_wire(answers[0])
    assert (verdict.decision_id, verdict.approved, verdict.journal_seq) == ("d10", True, 1)


def test_a_stream_is_answered_in_its_order(served: Served) -> None:
    served.desk.minutes(1, 9)
    asked = [proposal(10, 100 * n, f"d{n}") for n in range(1, 5)]
    answers = list(served.risk.JudgeStream(map(proposal_to_wire, asked), timeout=30))
    assert [answer.decision_id for answer in answers] == ["d1", "d2", "d3", "d4"]
    assert [answer.journal_seq for answer in answers] == [1, 2, 3, 4]


def test_positions_that_do_not_come_in_time_are_no_verdict(served: Served) -> None:
    code, details = status_of(served.risk.Judge, proposal_to_wire(proposal(10)))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert str(at(9)) in details
    assert list(served.desk.journal.decisions()) == []


def test_what_is_no_proposal_is_refused_before_the_desk_sees_it(served: Served) -> None:
    wire = proposal_to_wire(proposal(10))
    wire.quantity = -5
    code, details = status_of(served.risk.Judge, wire)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "positive quantity" in details


def test_the_kill_switch_needs_a_name_both_ways_and_status_shows_it(served: Served) -> None:
    served.desk.minutes(1, 9)
    nobody = risk_pb2.KillSwitchRequest(by=" ", reason="drill")
    for call in (served.risk.EngageKillSwitch, served.risk.ClearKillSwitch):
        assert status_of(call, nobody)[0] == grpc.StatusCode.INVALID_ARGUMENT
    ada = risk_pb2.KillSwitchRequest(by="ada", reason="drill")
    assert served.risk.EngageKillSwitch(ada, timeout=30).engaged
    denied = served.risk.Judge(proposal_to_wire(proposal(10)), timeout=30)
    assert "KILL_SWITCH_ENGAGED" in [denial.code for denial in denied.denials]
    status = served.risk.Status(risk_pb2.StatusRequest(), timeout=30)
    assert (status.kill_switch.by, status.line_time, status.denied) == ("ada", at(9), 1)
    assert not served.risk.ClearKillSwitch(ada, timeout=30).engaged


def test_the_metric_of_the_kill_switch_is_there_before_anybody_asks(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "journal.sqlite")
    for is_engaged in (False, True):
        if is_engaged:
            desk.desk.engage_kill_switch("ada", "drill")
        telemetry = Telemetry("risk_management")
        RiskServicer(desk.desk, 0.05, telemetry)
        found = telemetry.registry.get_sample_value(
            "risk_kill_switch_engaged", {"service": "risk_management"}
        )
        assert found == is_engaged
    desk.journal.close()
