"""The risk desk: one state, judged one proposal at a time, in the order of the journal."""

import threading
import time
from collections.abc import Callable, Mapping

import msgspec

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
from alphaline.trading.risk.judge import DUPLICATE_ID_CONFLICT, judge
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.risk.state import RiskState
from services.risk_management.ports import Deployments, Journal

# A caller that has gone away is noticed within this time.
_SLICE_S = 0.25


class PositionsStaleError(Exception):
    """Own fills and marks did not reach the proposal's minute in time."""


class RiskDesk:
    """Judges proposals against the state that the line's log and the journal give.

    The loop's thread moves the state, the server's threads judge; one lock keeps them apart.

    Parameters
    ----------
    state
        As restored; ``journal`` holds the approvals that came after it.
    announce
        Publishes a decision; called in the order of the journal.
    release
        The release rule, with the bars that it held back when the state was kept.
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
        self._models_seen = 0
        self._unapplied = list(journal.decisions(state.line_time))
        for decision in self._unapplied:
            announce(decision)

    @property
    def line_time(self) -> int:
        """The clock record up to which fills and marks are known."""
        return self._state.line_time

    @property
    def state(self) -> RiskState:
        """The state; read it between minutes only."""
        return self._state

    def on_minute(self, minute: Minute) -> None:
        """Take one minute: approvals of the journal first, then marks, orders and fills."""
        with self._moved:
            self._apply_approvals(minute.ts)
            for arrival in self._release.on_minute(minute).bars:
                self._state.on_bar(arrival.bar)
            for record in minute.records:
                if isinstance(record.message, OrderEvent | Fill):
                    self._state.apply(record.message)
            self._state.on_clock(minute.ts)
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
        """
        with self._moved:
            known = self._journal.lookup(proposal)
            if known is not None:
                return self._answer(proposal, known)
            self._wait_for(proposal.prior_line_time, wait_s, is_waited_for)
            self._apply_approvals(proposal.line_time)
            self._take_deployments()
            denials = judge(
                proposal,
                self._state,
                self.profile,
                self._instruments.get(proposal.instrument),
                self._sessions,
            )
            decided = self._journal.append(proposal, denials, self._digest)
            decision = self._answer(proposal, decided)
            if not decision.denials:
                self._state.approve(proposal)
            self._announce(decision)
            return decision

    def engage_kill_switch(self, by: str, why: str) -> None:
        """Stop all trading, durably."""
        with self._moved:
            self._journal.engage_kill_switch(by, why, self._state.line_time)
            self._state.engage_kill_switch(by, why, self._state.line_time)

    def clear_kill_switch(self, by: str, why: str) -> None:
        """Let trading go on; ContractError if ``by`` names nobody."""
        with self._moved:
            self._journal.clear_kill_switch(by, why, self._state.line_time)
            self._state.clear_kill_switch(by, why, self._state.line_time)

    def save_state(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Keep state and bars held back in the journal, with the place up to which it has read.

        Under the lock: the journal's file has one transaction at a time, and a decision that joined
        this one would be answered before it is durable.
        """
        with self._moved:
            value = {"state": self._state.snapshot(), "release": self._release.snapshots()}
            snapshot = msgspec.json.encode(value)
            self._journal.save_state(self._state.line_time, positions, snapshot)

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
