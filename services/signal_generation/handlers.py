"""One minute of vectors → approved and denied signals, in (strategy, lane, instrument) order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from alphaline.errors import InferenceError, ModelError
from alphaline.features import FeatureSet, input_row
from alphaline.labels.deadlines import flat_at
from alphaline.market.instruments import InstrumentMaster
from alphaline.market.minutes import Minute
from alphaline.market.sessions import SessionTable
from alphaline.messages import (
    Denial,
    FeatureVector,
    ModelDeployed,
    Proposal,
    SignalApproved,
    SignalDenied,
)
from alphaline.runtime.inference import Predictor
from alphaline.runtime.messaging import Outgoing, Subscription, TopicPartitionKey
from alphaline.runtime.rpc.risk_codec import Verdict
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.signals import (
    check_vector,
    denied_before_risk,
    denied_by_risk,
    propose,
)
from alphaline.trading.strategy import Strategy
from services.signal_generation.ports import (
    Deadlines,
    DeployedModels,
    Predictors,
    RiskFaultError,
    RiskGate,
)

VECTORS = "features.vectors.v1"
APPROVED = "signals.approved.v1"
DENIED = "signals.denied.v1"

Signal = SignalApproved | SignalDenied
# A probability, or why there is none.
Answer = float | tuple[Denial, ...]


class Candidate(NamedTuple):
    """A vector to decide, with the partition it came from."""

    partition: int
    vector: FeatureVector


class SignalStep:
    """Decides every vector of every strategy's universe; keeps nothing between minutes."""

    def __init__(
        self,
        strategies: Sequence[Strategy],
        feature_sets: Mapping[str, FeatureSet],
        instruments: InstrumentMaster,
        sessions: SessionTable,
        deployed: DeployedModels,
        predictors: Predictors,
        risk: RiskGate,
        deadlines: Deadlines,
        subscription: Subscription,
        telemetry: Telemetry,
    ) -> None:
        self._strategies = sorted(strategies, key=lambda strategy: strategy.strategy_id)
        self._columns = {
            name: tuple(column.name for column in chosen.columns)
            for name, chosen in feature_sets.items()
        }
        self._instruments = instruments
        self._sessions = sessions
        self._deployed = deployed
        self._predictors = predictors
        self._risk = risk
        self._deadlines = deadlines
        self._subscription = subscription
        self._telemetry = telemetry

    def on_minute(self, minute: Minute) -> Iterator[Outgoing]:
        """Yield the minute's signals, each into the partition of its vector."""
        vectors = [
            Candidate(record.at.partition, record.message)
            for record in minute.records
            # One that became known earlier is a repetition by a restarted writer: decided long ago, and
            # decided here it would be another decision under the same id.
            if isinstance(record.message, FeatureVector) and record.message.ts_known == minute.ts
        ]
        if not vectors:
            return
        for strategy in self._strategies:
            universe = set(strategy.universe)
            own = [item for item in vectors if item.vector.instrument in universe]
            own.sort(key=lambda item: (item.vector.instrument, item.vector.ts_event))
            for deployed in self._deployed.in_force(strategy.strategy_id, minute.ts):
                yield from self._decide(minute, strategy, deployed, own)

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:  # noqa: ARG002
        """Commit the offsets: the service has no other state."""
        self._subscription.commit(positions)

    def on_idle(self) -> None:
        """Do nothing."""

    def _decide(
        self,
        minute: Minute,
        strategy: Strategy,
        deployed: ModelDeployed,
        vectors: Sequence[Candidate],
    ) -> Iterator[Outgoing]:
        columns = self._columns[strategy.features.set]
        refusals = [check_vector(item.vector, strategy, columns) for item in vectors]
        asked = [item for item, denials in zip(vectors, refusals, strict=True) if not denials]
        answers = iter(self._predict(deployed, asked))
        for item, refused in zip(vectors, refusals, strict=True):
            answer: Answer = refused if refused else next(answers)
            signal = self._signal(minute, strategy, deployed, item.vector, answer)
            if signal is not None:
                self._count(signal)
                topic = APPROVED if isinstance(signal, SignalApproved) else DENIED
                yield Outgoing(topic, item.vector.instrument, signal, item.partition)

    def _predict(self, deployed: ModelDeployed, asked: Sequence[Candidate]) -> list[Answer]:
        if not asked:
            return []
        rows = np.stack([input_row(item.vector) for item in asked])
        try:
            predictor: Predictor = self._predictors.of(deployed)
            with self._telemetry.histogram("inference_seconds").time():
                return [float(p) for p in predictor.predict(rows, self._deadlines.inference_s)]
        except InferenceError as error:
            return [(Denial(code=error.code, numbers={"model": deployed.model_digest}),)] * len(
                asked
            )
        except ModelError:
            denial = Denial(code="MODEL_UNAVAILABLE", numbers={"model": deployed.model_digest})
            return [(denial,)] * len(asked)

    def _signal(
        self,
        minute: Minute,
        strategy: Strategy,
        deployed: ModelDeployed,
        vector: FeatureVector,
        answer: Answer,
    ) -> Signal | None:
        if isinstance(answer, tuple):
            return denied_before_risk(vector, strategy, deployed.lane, minute.ts, answer)
        outcome = propose(
            vector,
            answer,
            deployed,
            strategy,
            self._columns[strategy.features.set],
            self._instruments.get(vector.instrument),
            flat_at(strategy.exit_rule, self._sessions, vector.ts_event),
            minute.ts,
            minute.clock.previous,
        )
        if isinstance(outcome, Proposal):
            return self._judged(vector, strategy, outcome)
        if outcome is None:
            return None
        return denied_before_risk(vector, strategy, deployed.lane, minute.ts, outcome)

    def _judged(self, vector: FeatureVector, strategy: Strategy, proposal: Proposal) -> Signal:
        try:
            verdict = self._risk.judge(proposal, self._deadlines.risk_s)
        except RiskFaultError as fault:
            return denied_before_risk(
                vector, strategy, proposal.lane, proposal.line_time, (fault.denial,), proposal
            )
        return signal_of(proposal, verdict)

    def _count(self, signal: Signal) -> None:
        keys = signal.proposal if isinstance(signal, SignalApproved) else signal
        outcome = "approved" if isinstance(signal, SignalApproved) else "denied"
        self._telemetry.counter(
            "signals_total", outcome=outcome, strategy=keys.strategy_id, lane=keys.lane
        ).inc()
        if isinstance(signal, SignalDenied):
            for denial in signal.denials:
                self._telemetry.counter(
                    "signals_denials_total", code=denial.code, denied_by=signal.denied_by
                ).inc()


def signal_of(proposal: Proposal, verdict: Verdict) -> Signal:
    """Return the signal that a verdict makes of its proposal."""
    if not verdict.approved:
        return denied_by_risk(proposal, verdict.denials, verdict.limits_digest, verdict.journal_seq)
    return SignalApproved(
        decision_id=proposal.decision_id,
        proposal=proposal,
        limits_digest=verdict.limits_digest,
        journal_seq=verdict.journal_seq,
    )
