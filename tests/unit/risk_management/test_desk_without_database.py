"""The desk while its journal's database does not answer, or answers too late to be heard."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import StoreUnavailableError
from alphaline.messages import Denial, Proposal, RiskDecision
from alphaline.runtime.journal import IdConflict, KillSwitchRow, RiskJournal
from alphaline.runtime.patience import StoppedError
from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_codec import proposal_to_wire
from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
from alphaline.runtime.telemetry import Telemetry
from services.risk_management.transport.grpc_server import RiskServicer, serve
from tests.line_values import proposal
from tests.unit.risk_management.desk_with_journal import Desk


class UnreliableJournal(RiskJournal):
    """A real journal over a connection that can be cut: before a write, or between it and its answer."""

    cut = ""

    def append(
        self, proposal: Proposal, denials: tuple[Denial, ...], limits_digest: str
    ) -> RiskDecision | IdConflict:
        """Record, or lose the connection around it."""
        self._demand("before")
        decided = super().append(proposal, denials, limits_digest)
        self._demand("after")
        return decided

    def lookup(self, proposal: Proposal) -> RiskDecision | IdConflict | None:
        """Look up, where the connection is there."""
        self._demand("away")
        return super().lookup(proposal)

    def engage_kill_switch(self, by: str, why: str, line_time: int) -> KillSwitchRow:
        """Record, where the connection is there."""
        self._demand("away")
        return super().engage_kill_switch(by, why, line_time)

    def save_state(self, *arguments) -> None:
        """Keep, where the connection is there."""
        self._demand("away")
        super().save_state(*arguments)

    def ask(self) -> None:
        """Answer, where the connection is there."""
        self._demand("away")

    @property
    def is_available(self) -> bool:
        """Whether the connection is there."""
        return self.cut != "away"

    def _demand(self, place: str) -> None:
        if self.cut in (place, "away"):
            self.cut = "away" if self.cut == "away" else ""
            raise StoreUnavailableError(f"cut {place}")


@pytest.fixture
def desk(tmp_path: Path):
    made = Desk(tmp_path / "journal.sqlite", UnreliableJournal)
    made.minutes(1, 9)
    yield made
    made.journal.close()


def journal_of(desk: Desk) -> UnreliableJournal:
    assert isinstance(desk.journal, UnreliableJournal)
    return desk.journal


def test_a_decision_whose_confirmation_was_lost_counts_once(desk: Desk) -> None:
    journal_of(desk).cut = "after"
    with pytest.raises(StoreUnavailableError):
        desk.judge(proposal(10, 600))
    assert desk.announced == []
    assert desk.codes(proposal(10, 600, "other")) == ["POSITION_LIMIT"]
    answer = desk.judge(proposal(10, 600))
    first, second = desk.journal.decisions()
    assert (answer, desk.announced) == (first, [first, second])
    assert desk.desk.state.committed(proposal(11)) == 600


def test_a_decision_that_was_not_recorded_leaves_nothing_behind(desk: Desk) -> None:
    journal_of(desk).cut = "before"
    with pytest.raises(StoreUnavailableError):
        desk.judge(proposal(10, 600))
    assert desk.codes(proposal(10, 600, "other")) == []
    assert desk.codes(proposal(10, 600)) == ["POSITION_LIMIT"]
    assert [one.decision_id for one in desk.announced] == ["other", "d10"]


# Of each proposal: how often its write fails before it happens, and whether its confirmation is lost.
LOSSES = st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=6, max_size=6)


@settings(deadline=None, max_examples=15)
@given(losses=LOSSES)
def test_wherever_answers_are_lost_the_verdicts_are_those_of_a_journal_that_always_answers(
    tmp_path_factory: pytest.TempPathFactory, losses: list[tuple[int, bool]]
) -> None:
    desk, found = Desk(tmp_path_factory.mktemp("cut") / "j.sqlite", UnreliableJournal), []
    desk.minutes(1, 9)
    for number, (failures, is_lost) in enumerate(losses):
        asked = proposal(10, 200, f"p{number}")
        for cut in ["before"] * failures + ["after"] * is_lost:
            journal_of(desk).cut = cut
            with pytest.raises(StoreUnavailableError):
                desk.judge(asked)
        found.append(desk.codes(asked))
    # The sixth would hold more than the limit: each of the five before counts once.
    assert found == [[], [], [], [], [], ["POSITION_LIMIT"]]
    assert desk.announced == list(desk.journal.decisions())
    assert [one.journal_seq for one in desk.announced] == list(range(1, len(found) + 1))
    desk.journal.close()


def test_a_minute_waits_until_it_is_known_whether_a_decision_was_recorded(desk: Desk) -> None:
    journal = journal_of(desk)
    journal.cut = "after"
    with pytest.raises(StoreUnavailableError):
        desk.judge(proposal(10))
    journal.cut = "away"
    with ThreadPoolExecutor(1) as pool:
        minute = pool.submit(desk.minute, 10, [])
        with pytest.raises(TimeoutError):
            minute.result(0.1)
        journal.cut = ""
        minute.result(30)
    assert [one.decision_id for one in desk.announced] == ["d10"]
    assert desk.desk.state.committed(proposal(11)) == 100


def test_a_minute_that_waits_for_the_journal_ends_with_the_service(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "journal.sqlite", UnreliableJournal, is_stopping=lambda: True)
    desk.minutes(1, 9)
    journal_of(desk).cut = "after"
    with pytest.raises(StoreUnavailableError):
        desk.judge(proposal(10))
    journal_of(desk).cut = "away"
    with pytest.raises(StoppedError, match="journal"):
        desk.minute(10, [])
    desk.journal.close()


def test_a_snapshot_that_cannot_be_kept_is_kept_with_a_later_minute(desk: Desk) -> None:
    journal_of(desk).cut = "away"
    desk.minutes(10, 12)
    journal_of(desk).cut = ""
    kept = desk.journal.load_state()
    desk.minutes(13, 13)
    assert kept is not None
    assert desk.journal.load_state().line_time > kept.line_time


def test_the_service_is_ready_while_the_journal_answers(desk: Desk, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr("services.risk_management.desk.time.monotonic", lambda: now[0])
    for cut, is_ready in (("", True), ("away", False), ("", True)):
        journal_of(desk).cut = cut
        now[0] += 10
        desk.step.on_idle()
        assert desk.desk.is_ready is is_ready


def test_without_a_journal_nothing_is_judged_and_the_kill_switch_still_stops_trading(
    desk: Desk,
) -> None:
    server, port = serve(RiskServicer(desk.desk, 0.05, Telemetry("risk_management")), "127.0.0.1:0")
    ada = risk_pb2.KillSwitchRequest(by="ada", reason="drill")
    journal_of(desk).cut = "away"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        risk = RiskServiceStub(channel)
        for call, request in (
            (risk.Judge, proposal_to_wire(proposal(10))),
            (risk.EngageKillSwitch, ada),
        ):
            with pytest.raises(grpc.RpcError) as raised:
                call(request, timeout=30)
            assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "not recorded" in raised.value.details()
        assert risk.Status(risk_pb2.StatusRequest(), timeout=30).kill_switch.engaged
        journal_of(desk).cut = ""
        denied = risk.Judge(proposal_to_wire(proposal(10)), timeout=30)
        assert "KILL_SWITCH_ENGAGED" in [denial.code for denial in denied.denials]
        assert desk.journal.kill_switch() is None
        assert risk.EngageKillSwitch(ada, timeout=30).engaged
    assert desk.journal.kill_switch().by == "ada"
    server.stop(0).wait()
