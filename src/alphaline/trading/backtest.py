"""The line's decisions over recorded minutes, by the very functions that the services call.

In one minute, in this order: models deployed in it come into force; vectors become proposals; risk
judges them against everything up to the clock record before, each approval counting for the next;
the paper account takes the released bars, then the approvals; risk takes bars, orders and fills.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.features import input_row
from alphaline.labels.deadlines import flat_at
from alphaline.market.instruments import InstrumentMaster
from alphaline.market.sessions import SessionTable
from alphaline.messages import (
    Bar,
    Denial,
    FeatureVector,
    Fill,
    ModelDeployed,
    OrderEvent,
    PositionChanged,
    Proposal,
    RiskDecision,
    SignalApproved,
    SignalDenied,
)
from alphaline.trading.paper import PaperAccount
from alphaline.trading.risk.judge import judge
from alphaline.trading.risk.limits import RiskProfile
from alphaline.trading.risk.state import RiskState
from alphaline.trading.signals import (
    check_vector,
    decision_id_of,
    denied_before_risk,
    denied_by_risk,
    propose,
)
from alphaline.trading.strategy import Strategy
from alphaline.trading.streams import BacktestResult, stream_digest

__all__ = [
    "Backtest",
    "BacktestMinute",
    "BacktestResult",
    "Predict",
    "run_backtest",
    "stream_digest",
]

# float32 (n, columns), NaN for null -> n probabilities.
Predict = Callable[[NDArray[np.float32]], NDArray[np.floating]]


class BacktestMinute(NamedTuple):
    """What the market log says between two clock records.

    Parameters
    ----------
    ts, previous
        The clock record that closes the minute and the one before it.
    vectors
        Feature vectors that ``ts`` made known.
    bars
        Bars that ``ts`` released.
    allowed_lateness_ms
        Of the clock record.
    deployed
        Models that came into force, in order; they already decide this minute's vectors.
    """

    ts: int
    previous: int
    vectors: Sequence[FeatureVector]
    bars: Sequence[Bar]
    allowed_lateness_ms: int = 0
    deployed: Sequence[ModelDeployed] = ()


class Backtest:
    """One strategy over recorded minutes.

    Parameters
    ----------
    columns
        Columns of the strategy's feature set.
    predict
        The model: float32 (n, columns) with NaN for null -> probabilities.
    deployed
        The model in force at the first minute, with its thresholds.
    journal_order
        Sequence number of each decision in a journal: with several workers it is the order of
        record. Without it, proposals of one minute are judged by (strategy, lane, instrument).
    deadline_denials
        What a live line denied by wall-clock deadlines, by decision id, as it stands in the log: no
        replay can find it, so it is an input. One that names a proposal is still judged where the
        journal holds it: risk reserved for an answer that came too late.
    """

    def __init__(
        self,
        strategy: Strategy,
        profile: RiskProfile,
        instruments: InstrumentMaster,
        sessions: SessionTable,
        columns: tuple[str, ...],
        predict: Predict,
        deployed: ModelDeployed,
        journal_order: Mapping[str, int] | None = None,
        deadline_denials: Mapping[str, SignalDenied] | None = None,
    ) -> None:
        self._strategy = strategy
        self._profile = profile
        self._limits_digest = profile.digest
        self._instruments = instruments
        self._sessions = sessions
        self._columns = columns
        self._predict = predict
        self._deployed = deployed
        self._journal_order = journal_order or {}
        self._deadline_denials = deadline_denials or {}
        self._journal_seq = 0
        self.risk = RiskState(instruments)
        self.risk.on_model(deployed)
        self.account = PaperAccount({strategy.strategy_id: strategy}, instruments)
        self.result = BacktestResult()

    def on_minute(self, minute: BacktestMinute) -> None:
        """Take the next minute; results gather in ``result``.

        Nothing was known before the first minute; a later one that does not follow the one before
        it (a part of the log is missing) is judged as the line would: ``POSITIONS_STALE``.
        """
        if self.risk.line_time == 0:
            self.risk.on_clock(minute.previous)
        for deployed in minute.deployed:
            self._deploy(deployed)
        proposals = self._propose(minute)
        approvals = [
            approval for proposal in proposals if (approval := self._judge(proposal)) is not None
        ]
        outcome = self.account.on_minute(
            minute.ts, minute.bars, approvals, minute.allowed_lateness_ms
        )
        for bar in minute.bars:
            self.risk.on_bar(bar)
        for event in outcome.events:
            self._record(event)
        self.risk.on_clock(minute.ts)
        self.result.entries.extend(outcome.entries)
        if outcome.entries or any(trade.held for trade in self.account.open_trades()):
            self.result.equity.append((minute.ts, self.account.equity()))

    def _deploy(self, deployed: ModelDeployed) -> None:
        self.risk.on_model(deployed)
        mine = (self._deployed.strategy_id, self._deployed.lane)
        if (deployed.strategy_id, deployed.lane) == mine:
            self._deployed = deployed

    def _propose(self, minute: BacktestMinute) -> list[Proposal]:
        ready = []
        for vector in self._mine(minute.vectors):
            lost = self._lost(decision_id_of(vector, self._strategy, self._deployed.lane))
            if lost is not None and lost.proposal is None:
                self.result.denied.append(lost)
                continue
            denials = check_vector(vector, self._strategy, self._columns)
            if denials:
                self._deny(vector, minute.ts, denials)
            else:
                ready.append(vector)
        proposals = []
        for vector, probability in zip(ready, self._probabilities(ready), strict=True):
            answer = self._answer(vector, probability, minute)
            if isinstance(answer, Proposal):
                proposals.append(answer)
            elif answer is not None:
                self._deny(vector, minute.ts, answer)
        self.result.proposals.extend(proposals)
        return sorted(proposals, key=self._judgement_order)

    def _mine(self, vectors: Iterable[FeatureVector]) -> list[FeatureVector]:
        universe = set(self._strategy.universe)
        mine = (vector for vector in vectors if vector.instrument in universe)
        return sorted(mine, key=lambda vector: (vector.instrument, vector.ts_event))

    def _probabilities(self, vectors: list[FeatureVector]) -> list[float]:
        if not vectors:
            return []
        answers = self._predict(np.stack([input_row(vector) for vector in vectors]))
        return [float(answer) for answer in answers]

    def _answer(
        self, vector: FeatureVector, probability: float, minute: BacktestMinute
    ) -> Proposal | tuple[Denial, ...] | None:
        return propose(
            vector,
            probability,
            self._deployed,
            self._strategy,
            self._columns,
            self._instruments.get(vector.instrument),
            flat_at(self._strategy.exit_rule, self._sessions, vector.ts_event),
            minute.ts,
            minute.previous,
        )

    def _deny(self, vector: FeatureVector, ts: int, denials: tuple[Denial, ...]) -> None:
        lane = self._deployed.lane
        self.result.denied.append(denied_before_risk(vector, self._strategy, lane, ts, denials))

    def _judgement_order(self, proposal: Proposal) -> tuple[int, str, str, str, int]:
        # A decision that the journal does not hold comes after those that it does.
        rank = self._journal_order.get(proposal.decision_id, 2**63)
        keys = (proposal.strategy_id, proposal.lane, proposal.instrument, proposal.ts_event)
        return (rank, *keys)

    def _lost(self, decision_id: str) -> SignalDenied | None:
        return self._deadline_denials.get(decision_id)

    def _judge(self, proposal: Proposal) -> SignalApproved | None:
        lost = self._lost(proposal.decision_id)
        if lost is None:
            return self._signal(self._decision(proposal))
        if proposal.decision_id in self._journal_order:
            self._decision(proposal)
        self.result.denied.append(lost)
        return None

    def _decision(self, proposal: Proposal) -> RiskDecision:
        instrument = self._instruments.get(proposal.instrument)
        denials = judge(proposal, self.risk, self._profile, instrument, self._sessions)
        if not denials:
            self.risk.approve(proposal)
        self._journal_seq = self._journal_order.get(proposal.decision_id, self._journal_seq + 1)
        decision = RiskDecision(
            journal_seq=self._journal_seq,
            decision_id=proposal.decision_id,
            proposal=proposal,
            denials=denials,
            limits_digest=self._limits_digest,
        )
        self.result.verdicts.append(decision)
        return decision

    def _signal(self, decision: RiskDecision) -> SignalApproved | None:
        if decision.denials:
            self.result.denied.append(
                denied_by_risk(
                    decision.proposal,
                    decision.denials,
                    decision.limits_digest,
                    decision.journal_seq,
                )
            )
            return None
        approval = SignalApproved(
            decision_id=decision.decision_id,
            proposal=decision.proposal,
            limits_digest=decision.limits_digest,
            journal_seq=decision.journal_seq,
        )
        self.result.approved.append(approval)
        return approval

    def _record(self, event: OrderEvent | Fill | PositionChanged) -> None:
        match event:
            case OrderEvent():
                self.risk.on_order(event)
                self.result.orders.append(event)
            case Fill():
                self.risk.on_fill(event)
                self.result.fills.append(event)
            case PositionChanged():
                self.result.positions.append(event)


def run_backtest(backtest: Backtest, minutes: Iterable[BacktestMinute]) -> BacktestResult:
    """Return what ``backtest`` makes of ``minutes``, which come in order of their clock records."""
    for minute in minutes:
        backtest.on_minute(minute)
    return backtest.result
