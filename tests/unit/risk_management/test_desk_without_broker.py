"""The desk whose decisions cannot be announced: each recorded once, announced at least once, in order."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import BrokerError
from alphaline.messages import MINUTE_NS, Proposal, RiskDecision, decode, encode
from alphaline.runtime.database import Place
from alphaline.runtime.journal import RiskJournal
from alphaline.runtime.line import LineLoop
from alphaline.runtime.rpc.risk_codec import proposal_to_wire
from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
from alphaline.runtime.telemetry import Telemetry
from services.risk_management.transport.grpc_server import RiskServicer, serve
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import at, proposal
from tests.unit.risk_management.desk_with_journal import Desk

# What becomes of one decision that is sent: refused by a writer that is broken from there on; taken, but
# the writer breaks; lost with all that follows, which only an acknowledgement tells; refused alone.
FAULTS = ("", "refused", "taken", "lost", "stumbled")


class Writer:
    """Writes decisions for one life of the service; where it breaks it stays broken."""

    def __init__(self, topic: list[RiskDecision], faults: Iterator[str]) -> None:
        self._topic = topic
        self._faults = faults
        self._is_broken = False
        self.loses = False

    def send(self, decision: RiskDecision) -> None:
        """Append to the topic, or do what the next fault says."""
        if self._is_broken:
            raise BrokerError("a message could not be delivered")
        fault = next(self._faults, "")
        self.loses |= fault == "lost"
        if fault == "stumbled":
            raise RuntimeError(fault)
        if fault != "refused" and not self.loses:
            self._topic.append(decision)
        if fault in ("refused", "taken"):
            self._is_broken = True
            raise BrokerError(fault)

    def flush(self) -> None:
        """Return where all was acknowledged."""
        if self._is_broken or self.loses:
            raise BrokerError("a message could not be delivered")


class Risk:
    """The service over all of its lives: it ends by its own faults or is killed, and starts again."""

    def __init__(self, place: Place, faults: Iterable[str] = ()) -> None:
        self._place = place
        self._faults = iter(faults)
        self._journals: list[RiskJournal] = []
        self._asked_meanwhile: list[Proposal] = []
        self._is_killed_when_acknowledged = False
        self.topic: list[RiskDecision] = []
        self.reached = 0
        self.start()

    def start(self) -> None:
        """Start until a start succeeds, and come up to the minute that was reached."""
        while True:
            self.end()
            self.writer = Writer(self.topic, self._faults)
            with suppress(BrokerError, RuntimeError):
                self.desk = Desk(
                    self._place,
                    self._open,
                    announce=self.writer.send,
                    acknowledge=self._acknowledge,
                )
                kept = self.desk.journal.load_state()
                resumed = 0 if kept is None else (kept.line_time - at(0)) // MINUTE_NS
                self.desk.minutes(resumed + 1, self.reached)
                return

    def end(self) -> None:
        """End this life."""
        for journal in self._journals:
            journal.close()
        self._journals.clear()

    def judge(self, asked: Proposal) -> RiskDecision:
        """Ask until there is an answer, as the replay of a caller does."""
        while True:
            try:
                return self.desk.judge(asked)
            except BrokerError:
                self._demand_that_nothing_is_answered(asked)
                self.start()

    def minute(self, asked_meanwhile: list[Proposal], is_killed_when_acknowledged: bool) -> None:
        """Take a minute; some proposals come between its acknowledgement and its check-point."""
        self.reached += 1
        self._asked_meanwhile = asked_meanwhile
        self._is_killed_when_acknowledged = is_killed_when_acknowledged
        try:
            self.desk.minute(self.reached, [])
        except BrokerError:
            self._asked_meanwhile, self._is_killed_when_acknowledged = [], False
            self.start()

    def journal(self) -> list[RiskDecision]:
        """Return every decision of the journal."""
        return list(self.desk.journal.decisions())

    def _open(self, place: Place, epoch: int) -> RiskJournal:
        self._journals.append(RiskJournal(place, epoch))
        return self._journals[-1]

    def _acknowledge(self) -> None:
        self.writer.flush()
        while self._asked_meanwhile:
            # A server's thread: what fails there does not end the loop's.
            with suppress(BrokerError):
                self.desk.judge(self._asked_meanwhile.pop())
        if self._is_killed_when_acknowledged:
            raise BrokerError("killed")

    def _demand_that_nothing_is_answered(self, asked: Proposal) -> None:
        recorded, announced = self.journal(), list(self.topic)
        for again in (asked, proposal(self.reached + 1, 1, "another")):
            with pytest.raises(BrokerError):
                self.desk.judge(again)
        assert (self.journal(), self.topic) == (recorded, announced)


@pytest.fixture
def risk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Risk]:
    made = Risk(tmp_path / "journal.sqlite", request.param)
    for _ in range(9):
        made.minute([], False)
    yield made
    made.end()


failing = pytest.mark.parametrize(
    "risk", [["refused"], ["stumbled"]], indirect=True, ids=["broken", "broken once"]
)


@failing
def test_after_a_decision_that_was_not_announced_nothing_is_answered(risk: Risk) -> None:
    with pytest.raises(BrokerError, match="d10: recorded as number 1, but not announced"):
        risk.desk.judge(proposal(10))
    for asked in (proposal(10), proposal(10, 7), proposal(10, 100, "other")):
        with pytest.raises(BrokerError, match="d10"):
            risk.desk.judge(asked)
    assert [decision.decision_id for decision in risk.journal()] == ["d10"]
    assert risk.topic == []


@failing
def test_a_decision_that_was_not_announced_ends_the_service_and_no_snapshot_passes_it(
    risk: Risk,
) -> None:
    assert risk.desk.desk.is_ready
    kept = risk.desk.journal.load_state()
    with pytest.raises(BrokerError):
        risk.desk.judge(proposal(10))
    assert not risk.desk.desk.is_ready
    for ends in (
        risk.desk.step.on_idle,
        lambda: risk.desk.minute(10, []),
        lambda: risk.desk.step.checkpoint(at(100), {}),
    ):
        with pytest.raises(BrokerError, match="d10"):
            ends()
    assert risk.desk.journal.load_state() == kept


@failing
def test_the_loop_ends_although_no_minute_comes(risk: Risk) -> None:
    with pytest.raises(BrokerError):
        risk.desk.judge(proposal(10))
    broker = MemoryBroker()
    subscription = MemorySubscription(broker)
    loop = LineLoop(
        subscription=subscription,
        publisher=MemoryPublisher(broker),
        step=risk.desk.step,
        inputs=risk.desk.positions,
        decode=decode,
        telemetry=risk.desk.telemetry,
    )
    with pytest.raises(BrokerError, match="d10"):
        loop.run(lambda: subscription.polls_without_a_message > 1)


@failing
def test_the_next_start_announces_it_before_anything_else(risk: Risk) -> None:
    with pytest.raises(BrokerError):
        risk.desk.judge(proposal(10))
    risk.start()
    answers = [risk.desk.judge(proposal(10, 100, name)) for name in ("other", "d10")]
    assert [decision.decision_id for decision in risk.topic] == ["d10", "other"]
    assert risk.topic == risk.journal() == answers[::-1]
    assert risk.desk.desk.is_ready


@failing
def test_its_caller_hears_that_risk_is_not_available(risk: Risk) -> None:
    servicer = RiskServicer(risk.desk.desk, 0.05, Telemetry("risk_management"))
    server, port = serve(servicer, "127.0.0.1:0")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as raised:
                RiskServiceStub(channel).Judge(proposal_to_wire(proposal(10)), timeout=30)
            assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    server.stop(0).wait()


# Of each minute: how long before it the proposals were made that are asked first (a caller that starts
# again repeats minutes), how many of the next minute's come between its acknowledgement and its
# check-point, and where the service is killed.
MINUTES = st.lists(
    st.tuples(
        st.lists(st.integers(0, 4), max_size=3),
        st.integers(0, 3),
        st.sampled_from(["", "judged", "acknowledged"]),
    ),
    min_size=4,
    max_size=8,
)


@settings(max_examples=25)
@given(faults=st.lists(st.sampled_from(FAULTS), max_size=30), minutes=MINUTES)
def test_whatever_sends_fail_every_decision_is_announced_with_equal_bytes_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    faults: list[str],
    minutes: list[tuple[list[int], int, str]],
) -> None:
    risk = Risk(tmp_path_factory.mktemp("announced") / "journal.sqlite", faults)
    for _ in range(6):
        risk.minute([], False)
    for ages, meanwhile, killed in minutes:
        following = risk.reached + 1
        for number, age in enumerate(ages):
            answer = risk.judge(proposal(following - age, 300, f"p{following}.{number}.{age}"))
            assert answer in risk.journal()
            assert answer in risk.topic or risk.writer.loses
        if killed == "judged":
            risk.start()
        early = [proposal(following + 1, 300, f"p{following + 1}.{n}.0") for n in range(meanwhile)]
        risk.minute(early, killed == "acknowledged")
    risk.start()
    while risk.writer.loses:
        risk.start()
    risk.minute([], False)
    recorded, announced = list(map(encode, risk.journal())), list(map(encode, risk.topic))
    assert list(dict.fromkeys(announced)) == recorded
    # Of what was announced before, a start repeats a tail without a hole.
    numbers = [0, *(decision.journal_seq for decision in risk.topic)]
    assert all(after <= before + 1 for before, after in pairwise(numbers))
    reserved = [
        decision.proposal.quantity
        for decision in risk.journal()
        if not decision.denials and decision.proposal.valid_until >= at(risk.reached)
    ]
    assert risk.desk.desk.state.committed(proposal(risk.reached + 1)) == sum(reserved)
    risk.end()
