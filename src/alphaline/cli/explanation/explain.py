"""From a decision id to everything that led to it and followed from it."""

from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from alphaline.cli.explanation.evidence import (
    BarEvidence,
    Check,
    Explanation,
    FeatureEvidence,
    ModelEvidence,
    RiskEvidence,
)
from alphaline.cli.explanation.log import Found, find_signal, find_vector
from alphaline.cli.explanation.recompute import (
    Decided,
    feature_evidence,
    lake_at,
    model_evidence,
    raw_bar,
    recomputed_vector,
)
from alphaline.cli.reach import Reach
from alphaline.messages import (
    FeatureVector,
    RiskDecision,
    SignalApproved,
    SignalDenied,
    decision_id,
)
from alphaline.runtime.journal_reader import read_decision
from alphaline.runtime.ledger_reader import LedgerReader
from alphaline.runtime.messaging import KafkaSubscription
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import read_strategy

Signal = SignalApproved | SignalDenied


def explain(line: Reach, subscription: KafkaSubscription, wanted: str) -> Explanation:
    """Return the explanation of the signal whose id is, or begins with, ``wanted``.

    Raises
    ------
    LineError
        If no signal, or more than one, has such an id, or a part of the line is not there.
    """
    found = find_signal(subscription, line, wanted)
    signal = _signal(found)
    decided = _decided(found.partition, signal)
    lake, reference = lake_at(line.path("ALPHALINE_LAKE_ROOT")), ReferenceData(line.reference_root)
    bar = raw_bar(lake, subscription, decided)
    published = find_vector(subscription, found.partition, decided.instrument, decided.ts_event)
    name = _feature_set(line, signal, published)
    again = recomputed_vector(lake, reference, name, decided)
    features = feature_evidence(published, again)
    model = _model(line, signal, published, again)
    risk = _risk(signal, read_decision(line.database("ALPHALINE_JOURNAL"), signal.decision_id))
    with closing(LedgerReader(line.database("ALPHALINE_LEDGER"))) as ledger:
        account = ledger.of_decision(signal.decision_id)
    checks = _checks(signal, name, bar, features, model, risk)
    return Explanation(
        decision_id=signal.decision_id,
        holds=all(check.holds is not False for check in checks),
        outcome="approved" if isinstance(signal, SignalApproved) else "denied",
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        signal=msgspec.to_builtins(signal),
        bar=bar,
        features=features,
        model=model,
        risk=risk,
        orders=account["orders"],
        fills=account["fills"],
        postings=account["postings"],
        checks=checks,
    )


def _signal(found: Found) -> Signal:
    assert isinstance(found.message, SignalApproved | SignalDenied)  # noqa: S101 - as searched
    return found.message


def _decided(partition: int, signal: Signal) -> Decided:
    keys = signal.proposal if isinstance(signal, SignalApproved) else signal
    return Decided(partition, keys.instrument, keys.ts_event, keys.line_time)


def _feature_set(line: Reach, signal: Signal, published: Found | None) -> str:
    if signal.proposal is not None:
        return signal.proposal.feature_set
    if published is not None and isinstance(published.message, FeatureVector):
        return published.message.feature_set
    strategies = line.demand("ALPHALINE_STRATEGIES").split(",")
    files = [Path(name.strip()) for name in strategies]
    read = [read_strategy(path.read_bytes(), str(path)) for path in files]
    wanted = getattr(signal, "strategy_id", "")
    return next(one.features.set for one in read if one.strategy_id == wanted)


def _model(
    line: Reach, signal: Signal, published: Found | None, again: FeatureVector | None
) -> ModelEvidence | None:
    if signal.proposal is None:
        return None
    vector = published.message if published is not None else again
    return model_evidence(
        signal.proposal,
        vector if isinstance(vector, FeatureVector) else None,
        line.path("ALPHALINE_MODEL_STORE"),
        line.path("ALPHALINE_PUBLIC_KEY"),
    )


def _risk(signal: Signal, decision: RiskDecision | None) -> RiskEvidence:
    asked = isinstance(signal, SignalApproved) or signal.denied_by == "risk"
    if decision is None:
        return RiskEvidence(
            journal_seq=None, denials=[], limits_digest=None, agrees=False if asked else None
        )
    denials = () if isinstance(signal, SignalApproved) else signal.denials
    told = (decision.journal_seq, decision.limits_digest, decision.denials, decision.proposal)
    seen = (signal.journal_seq, signal.limits_digest, denials, signal.proposal)
    return RiskEvidence(
        journal_seq=decision.journal_seq,
        denials=[msgspec.to_builtins(denial) for denial in decision.denials],
        limits_digest=decision.limits_digest,
        agrees=told == seen if asked else None,
    )


def _checks(
    signal: Signal,
    feature_set: str,
    bar: BarEvidence | None,
    features: FeatureEvidence,
    model: ModelEvidence | None,
    risk: RiskEvidence,
) -> list[Check]:
    return [
        _id_check(signal, feature_set),
        _bar_check(bar),
        _feature_check(features),
        *_model_checks(model),
        _risk_check(risk),
    ]


def _id_check(signal: Signal, feature_set: str) -> Check:
    keys: Any = signal.proposal if isinstance(signal, SignalApproved) else signal
    again = decision_id(
        keys.portfolio_id,
        keys.strategy_id,
        keys.lane,
        keys.instrument,
        keys.ts_event,
        feature_set,
    )
    return Check(
        what="the decision id is the digest of its six keys",
        holds=again == signal.decision_id,
        seen=again,
    )


def _bar_check(bar: BarEvidence | None) -> Check:
    what = "the raw bar on the topic has the digest that the lake keeps"
    if bar is None:
        return Check(what=what, holds=None, seen="the lake does not hold the bar (yet)")
    holds = {"same bytes": True, "other bytes": False}.get(bar.on_topic)
    return Check(what=what, holds=holds, seen=f"{bar.on_topic}, {bar.digest}")


def _feature_check(features: FeatureEvidence) -> Check:
    what = "the lake folded again gives the published feature vector"
    if features.sameness is None:
        missing = "published" if features.bytes_digest is None else "recomputed"
        return Check(what=what, holds=None, seen=f"no {missing} vector to compare")
    engines = f"engines {features.engine} and {features.recomputed_engine}"
    return Check(
        what=what,
        holds=features.sameness != "different",
        seen=f"{features.sameness}; {engines}",
    )


def _model_checks(model: ModelEvidence | None) -> list[Check]:
    if model is None:
        return []
    loaded = Check(
        what="the signed model file verifies and has the signal's digest",
        holds=model.is_signature_valid and model.is_digest_equal,
        seen=model.problem or model.digest,
    )
    what = "the model asked again answers the same probability"
    if model.recomputed_probability is None:
        return [loaded, Check(what=what, holds=None, seen=model.problem or "not asked")]
    return [
        loaded,
        Check(
            what=what,
            holds=model.recomputed_probability == model.probability,
            seen=f"{model.probability!r} then, {model.recomputed_probability!r} now",
        ),
    ]


def _risk_check(risk: RiskEvidence) -> Check:
    what = "the risk journal tells the same verdict"
    if risk.agrees is None:
        return Check(what=what, holds=None, seen="risk was not asked")
    return Check(what=what, holds=risk.agrees, seen=f"journal entry {risk.journal_seq}")
