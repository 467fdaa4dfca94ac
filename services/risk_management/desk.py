"""The risk desk: one state, judged one proposal at a time, in the order of the journal."""

import threading
import time
from collections.abc import Callable, Mapping

import msgspec
import structlog

from alphaline.errors import BrokerError, StoreUnavailableError
from alphaline.market.instruments import InstrumentMaster
from alphaline.market.minutes import Minute
from alphaline.market.release import PartitionedRelease
from alphaline.market.sessions import SessionTable
from alphaline.messages import (
    Denial,
    Fill,
    OrderEvent,
    Proposal,
    RiskDecision,
)
from alphaline.runtime.journal import IdConflict
from alphaline.runtime.messaging import TopicPartitionKey
from alphaline.runtime.patience import StoppedError
from alphaline.trading.risk.judge import DUPLICATE_ID_CONFLICT, judge
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.risk.state import RiskState
from services.risk_management.ports import Deployments, Journal

# A caller that has gone away is noticed within this time.
_SLICE_S = 0.25
# An idle service notices within this time that its journal's database has gone, or is back.
_ASK_EVERY_S = 1.0


class PositionsStaleError(Exception):
    """Own fills and marks did not reach the proposal's minute in time."""


class RiskDesk:
    """Judges proposals against the state that the line's log and the journal give.

    The loop's thread moves the state, the server's threads judge; one lock keeps them apart.

    Without an answer of the journal's database nothing is judged (StoreUnavailableError). A decision
    whose recording was not confirmed may be in the journal: nothing else is judged and no minute taken
    before that is known, and if it is there it counts as if it had been confirmed.

    A recorded decision that could not be announced ends the service (BrokerError): nothing is judged,
    answered from the journal or kept after it, so the next start finds it and announces it in its place.

    Parameters
    ----------
    state
        As restored; ``journal`` holds what was decided after it.
    announce
        Publishes a decision; called in the order of the journal, and not again once it has raised.
    release
        The release rule, with the bars that it held back when the state was kept.
    decided
        Number of the last decision that is announced and in ``state``; those after it are announced.
    is_stopping
        Ends the wait of a minute for the journal.
    """

    def __init__(
        self,
        state: RiskState,
        profile: RiskProfile,
        instruments: InstrumentMaster,
        sessions: SessionTable,
        journal: Journal,
        deployments: Deployments,
        announce: Callable[[RiskDecision], None],
        release: PartitionedRelease,
        decided: int = 0,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._state = state
        self.profile = profile
        self._digest = profile.digest
        self._instruments = instruments
        self._sessions = sessions
        self._journal = journal
        self._deployments = deployments
        self._announce = announce
        self._moved = threading.Condition()
        self._release = release
        self._is_stopping = is_stopping
        self._in_doubt: Proposal | None = None
        self._not_announced = ""
        self._announced = self._kept = decided
        self._asked_at = time.monotonic()
        self._has_answered = True
        self._models_seen = 0
        self._unapplied = list(journal.decisions(decided))
        for decision in self._unapplied:
            self._tell(decision)

    @property
    def line_time(self) -> int:
        """The clock record up to which fills and marks are known."""
        return self._state.line_time

    @property
    def is_ready(self) -> bool:
        """Whether the journal's database answered when last asked, and no announcement has failed."""
        return self._journal.is_available and not self._not_announced

    @property
    def state(self) -> RiskState:
        """The state; read it between minutes only."""
        return self._state

    def on_minute(self, minute: Minute) -> None:
        """Take one minute: approvals of the journal first, then marks, orders and fills.

        Raises
        ------
        StoppedError
            If the service is told to stop while it has to wait for the journal.
        BrokerError
            If a recorded decision could not be announced.
        """
        with self._moved:
            self._wait_until_settled()
            self._apply_approvals(minute.ts)
            for arrival in self._release.on_minute(minute).bars:
                self._state.on_bar(arrival.bar)
            for record in minute.records:
                if isinstance(record.message, OrderEvent | Fill):
                    self._state.apply(record.message)
            self._state.on_clock(minute.ts)
            # A start from here also has to apply what this one has not applied yet.
            self._kept = self._unapplied[0].journal_seq - 1 if self._unapplied else self._announced
            self._moved.notify_all()

    def judge(
        self, proposal: Proposal, wait_s: float | None, is_waited_for: Callable[[], bool]
    ) -> RiskDecision:
        """Return the decision on ``proposal``, from the journal if there is one.

        Parameters
        ----------
        wait_s
            How long fills and marks may take to reach ``prior_line_time``; None: as long as
            ``is_waited_for``.

        Raises
        ------
        PositionsStaleError
            If they did not; nothing is recorded.
        StoreUnavailableError
            If the journal's database does not answer; the same proposal may be asked again.
        BrokerError
            If this decision or one before it could not be announced; it may be asked again, and is
            answered once the service has started again.
        """
        with self._moved:
            self._settle()
            known = self._journal.lookup(proposal)
            if known is not None:
                return self._answer(proposal, known)
            self._wait_for(proposal.prior_line_time, wait_s, is_waited_for)
            # Another caller may have left one meanwhile.
            self._settle()
            self._apply_approvals(proposal.line_time)
            self._take_deployments()
            denials = judge(
                proposal,
                self._state,
                self.profile,
                self._instruments.get(proposal.instrument),
                self._sessions,
            )
            try:
                decided = self._journal.append(proposal, denials, self._digest)
            except StoreUnavailableError:
                self._in_doubt = proposal
                raise
            return self._take(proposal, decided)

    def engage_kill_switch(self, by: str, why: str) -> None:
        """Stop all trading, durably.

        Raises
        ------
        StoreUnavailableError
            If it could not be recorded: then trading is stopped for as long as this process lives.
        """
        with self._moved:
            self._state.engage_kill_switch(by, why, self._state.line_time)
            self._journal.engage_kill_switch(by, why, self._state.line_time)

    def clear_kill_switch(self, by: str, why: str) -> None:
        """Let trading go on; ContractError if ``by`` names nobody."""
        with self._moved:
            self._journal.clear_kill_switch(by, why, self._state.line_time)
            self._state.clear_kill_switch(by, why, self._state.line_time)

    def save_state(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Keep state and bars held back in the journal, with the place up to which it has read.

        Under the lock: the journal's file has one transaction at a time, and a decision that joined
        this one would be answered before it is durable. Call it once everything that was announced by
        the last minute is acknowledged: a start from here announces what came after.

        Raises
        ------
        BrokerError
            If a recorded decision could not be announced: a start from here would not announce it.
        """
        with self._moved:
            self._demand_announced()
            value = {
                "state": self._state.snapshot(),
                "release": self._release.snapshots(),
                "decided": self._kept,
            }
            snapshot = msgspec.json.encode(value)
            self._journal.save_state(self._state.line_time, positions, snapshot)

    def look_after_journal(self) -> None:
        """Ask the journal's database for a sign of life, at most once a second.

        Raises
        ------
        BrokerError
            If a recorded decision could not be announced.
        """
        self._demand_announced()
        if time.monotonic() - self._asked_at < _ASK_EVERY_S:
            return
        with self._moved:
            self._asked_at = time.monotonic()
            try:
                self._journal.ask()
            except StoreUnavailableError as error:
                if self._has_answered:
                    structlog.get_logger().error("journal_does_not_answer", detail=str(error))
                self._has_answered = False
                return
            if not self._has_answered:
                structlog.get_logger().info("journal_answers")
            self._has_answered = True

    def _wait_until_settled(self) -> None:
        while True:
            try:
                self._settle()
            except StoreUnavailableError as error:
                if self._is_stopping():
                    raise StoppedError("stopped while waiting for the journal") from error
                self._moved.wait(_SLICE_S)
            else:
                return

    def _settle(self) -> None:
        self._demand_announced()
        if self._in_doubt is None:
            return
        decided = self._journal.lookup_settled(self._in_doubt)
        proposal, self._in_doubt = self._in_doubt, None
        if decided is not None:
            self._take(proposal, decided)

    def _take(self, proposal: Proposal, decided: RiskDecision | IdConflict) -> RiskDecision:
        decision = self._answer(proposal, decided)
        if not decision.denials:
            self._state.approve(proposal)
        self._tell(decision)
        return decision

    def _tell(self, decision: RiskDecision) -> None:
        try:
            self._announce(decision)
        except Exception as error:
            self._not_announced = (
                f"decision {decision.decision_id}: recorded as number {decision.journal_seq}, but not "
                f"announced: {error}. Risk ends, and announces it at its next start"
            )
            raise BrokerError(self._not_announced) from error
        self._announced = decision.journal_seq

    def _demand_announced(self) -> None:
        if self._not_announced:
            raise BrokerError(self._not_announced)

    def _apply_approvals(self, ts: int) -> None:
        while self._unapplied and self._unapplied[0].proposal.line_time <= ts:
            decision = self._unapplied.pop(0)
            if not decision.denials:
                self._state.approve(decision.proposal)

    def _wait_for(
        self, prior: int, wait_s: float | None, is_waited_for: Callable[[], bool]
    ) -> None:
        until = None if wait_s is None else time.monotonic() + wait_s
        while self._state.line_time < prior and is_waited_for():
            left = _SLICE_S if until is None else min(_SLICE_S, until - time.monotonic())
            if left <= 0:
                break
            self._moved.wait(left)
        if self._state.line_time < prior:
            raise PositionsStaleError(
                f"own fills and marks stand at {self._state.line_time}, the proposal needs {prior}"
            )

    def _take_deployments(self) -> None:
        records = self._deployments.records()
        for record in records[self._models_seen :]:
            self._state.on_model(record)
        self._models_seen = len(records)

    def _answer(self, proposal: Proposal, known: RiskDecision | IdConflict) -> RiskDecision:
        if isinstance(known, RiskDecision):
            return known
        denial = Denial(
            code=DUPLICATE_ID_CONFLICT, numbers={"journal_seq": known.stored.journal_seq}
        )
        return RiskDecision(
            journal_seq=known.stored.journal_seq,
            decision_id=proposal.decision_id,
            proposal=proposal,
            denials=(denial,),
            limits_digest=self._digest,
        )
