from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from alphaline.errors import (
    InferenceError,
    ModelAnswerInvalidError,
    ModelTimeoutError,
    ModelUnavailableError,
    SignatureError,
)
from alphaline.features import feature_set
from alphaline.messages import (
    Denial,
    FeatureGap,
    FeatureVector,
    ModelDeployed,
    Proposal,
    SignalApproved,
    SignalDenied,
)
from alphaline.runtime.inference import Probabilities, Rows
from alphaline.runtime.messaging import Outgoing
from alphaline.runtime.rpc.risk_codec import Verdict
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.strategy import Strategy, read_strategy
from services.signal_generation.handlers import APPROVED, DENIED, VECTORS, SignalStep
from services.signal_generation.ports import Deadlines, RiskFaultError
from tests.broker_fakes import MemoryBroker, MemorySubscription
from tests.line_values import ROOT, at, clock, master, minutes_of, records, sessions

SET = feature_set("intraday_v1")
NAMES = [column.name for column in SET.columns]
STRATEGY = read_strategy((ROOT / "tests/unit/trading/files/strategy.yaml").read_bytes())
CLONES = [f"eq.us.spy.clone{number:04d}" for number in range(3)]


class Model:
    """Answers with the first feature of each row."""

    model_name, model_version, model_digest = "m", "1", "digest"

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.asked: list[int] = []

    def predict(self, rows: Rows, deadline_s: float | None = None) -> Probabilities:  # noqa: ARG002
        """Return the first column, or fail."""
        if self.fault is not None:
            raise self.fault
        self.asked.append(len(rows))
        return rows[:, 0].astype(np.float64)


class Predictors:
    """One model for every deployment."""

    def __init__(self, model: Model, fault: Exception | None = None) -> None:
        self.model, self.fault = model, fault

    def of(self, deployed: ModelDeployed) -> Model:  # noqa: ARG002
        """Return the model, or fail as a broken file does."""
        if self.fault is not None:
            raise self.fault
        return self.model


class Deployed:
    """Which models are in force, by strategy."""

    def __init__(self, models: dict[str, list[ModelDeployed]]) -> None:
        self.models = models

    def in_force(self, strategy_id: str, line_time: int) -> Sequence[ModelDeployed]:  # noqa: ARG002
        """Return the models of a strategy, by lane."""
        return sorted(self.models.get(strategy_id, []), key=lambda found: found.lane)


class Risk:
    """Approves everything, or denies with a code, or gives no answer."""

    def __init__(self, denial: Denial | None = None, fault: Denial | None = None) -> None:
        self.denial, self.fault = denial, fault
        self.asked: list[Proposal] = []

    def judge(self, proposal: Proposal, deadline_s: float | None) -> Verdict:  # noqa: ARG002
        """Return the verdict on a proposal."""
        self.asked.append(proposal)
        if self.fault is not None:
            raise RiskFaultError(self.fault)
        return Verdict(
            decision_id=proposal.decision_id,
            approved=self.denial is None,
            denials=() if self.denial is None else (self.denial,),
            limits_digest="limits",
            journal_seq=len(self.asked),
        )


def deployed(strategy_id: str = "spy_intraday_v1", lane: str = "candidate") -> ModelDeployed:
    return ModelDeployed(
        ts=0,
        strategy_id=strategy_id,
        lane=lane,  # type: ignore[arg-type]
        model_name="m",
        model_version="1",
        model_digest="digest",
        feature_set="intraday_v1",
        entry_long=0.75,
        entry_short=0.25,
        verdict="INSUFFICIENT_EVIDENCE",
        manifest_digest="manifest",
    )


def vector(
    minute: int = 5, probability: float = 0.9, instrument: str = "eq.us.spy", **changed
) -> FeatureVector:
    values: list[float | None] = [0.001] * len(NAMES)
    values[0] = probability
    values[NAMES.index("ewma_vol_60")] = 0.0005
    fields = {
        "instrument": instrument,
        "ts_event": at(minute - 1),
        "ts_known": at(minute),
        "feature_set": "intraday_v1",
        "values": tuple(values),
        "status": "k" * len(NAMES),
        "close": 100.0,
        "engine": "e",
    }
    return FeatureVector(**{**fields, **changed})


def decided(
    vectors: Sequence[FeatureVector | FeatureGap],
    *,
    strategies: Sequence[Strategy] = (STRATEGY,),
    models: dict[str, list[ModelDeployed]] | None = None,
    predictors: Predictors | None = None,
    risk: Risk | None = None,
    telemetry: Telemetry | None = None,
) -> list[Outgoing]:
    subscription = MemorySubscription(MemoryBroker())
    step = SignalStep(
        strategies=strategies,
        feature_sets={"intraday_v1": SET},
        instruments=master(),
        sessions=sessions(),
        deployed=Deployed(models or {"spy_intraday_v1": [deployed()]}),
        predictors=predictors or Predictors(Model()),
        risk=risk or Risk(),
        deadlines=Deadlines(0.5, 1.0),
        subscription=subscription,
        telemetry=telemetry or Telemetry("signal_generation"),
    )
    (minute,) = minutes_of(records(VECTORS, 1, [*vectors, clock(5)]))
    return list(step.on_minute(minute))


def codes(outgoing: Outgoing) -> list[str]:
    assert isinstance(outgoing.value, SignalDenied)
    assert outgoing.topic == DENIED
    return [denial.code for denial in outgoing.value.denials]


def test_a_probability_at_the_threshold_becomes_an_approved_signal() -> None:
    (sent,) = decided([vector(probability=0.75)])
    assert isinstance(sent.value, SignalApproved)
    assert (sent.topic, sent.key, sent.partition) == (APPROVED, "eq.us.spy", 1)
    proposal = sent.value.proposal
    assert (proposal.side, proposal.line_time, proposal.prior_line_time) == ("buy", at(5), at(4))
    assert (proposal.lane, proposal.model_digest) == ("candidate", "digest")


def test_a_probability_between_the_thresholds_becomes_nothing() -> None:
    risk = Risk()
    assert decided([vector(probability=0.5)], risk=risk) == []
    assert risk.asked == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ModelUnavailableError("nobody answers"), "MODEL_UNAVAILABLE"),
        (ModelTimeoutError("too slow"), "MODEL_TIMEOUT"),
        (ModelAnswerInvalidError("garbage"), "MODEL_ANSWER_INVALID"),
        (InferenceError("other"), "MODEL_UNAVAILABLE"),
    ],
)
def test_a_model_that_gives_no_answer_denies_every_vector(fault: Exception, code: str) -> None:
    risk = Risk()
    sent = decided(
        [vector(), vector(probability=0.5)], predictors=Predictors(Model(fault)), risk=risk
    )
    assert [codes(item) for item in sent] == [[code], [code]]
    assert risk.asked == []
    assert {item.value.denied_by for item in sent} == {"signal_generation"}  # type: ignore[union-attr]


def test_a_model_that_is_not_what_was_signed_denies_every_vector() -> None:
    fault = SignatureError("one byte is another")
    (sent,) = decided([vector()], predictors=Predictors(Model(), fault))
    assert codes(sent) == ["MODEL_UNAVAILABLE"]


def test_an_answer_that_is_no_probability_denies() -> None:
    (sent,) = decided([vector(probability=1.5)])
    assert codes(sent) == ["MODEL_ANSWER_INVALID"]


@pytest.mark.parametrize(
    "code", ["RISK_UNAVAILABLE", "RISK_TIMEOUT", "RISK_ANSWER_INVALID", "POSITIONS_STALE"]
)
def test_without_an_answer_of_risk_there_is_no_signal(code: str) -> None:
    (sent,) = decided([vector()], risk=Risk(fault=Denial(code=code)))
    assert codes(sent) == [code]
    assert isinstance(sent.value, SignalDenied)
    assert sent.value.denied_by == "signal_generation"
    assert sent.value.proposal is not None


def test_a_refusal_of_risk_keeps_its_reason_and_its_place_in_the_journal() -> None:
    denial = Denial(code="POSITION_LIMIT", numbers={"limit": 1000})
    (sent,) = decided([vector()], risk=Risk(denial))
    assert isinstance(sent.value, SignalDenied)
    assert (sent.value.denials, sent.value.denied_by) == ((denial,), "risk")
    assert (sent.value.journal_seq, sent.value.limits_digest) == (1, "limits")


def test_an_incomplete_vector_is_denied_without_asking_the_model() -> None:
    model = Model()
    holes = vector(values=(None,) * len(NAMES), status="w" * len(NAMES))
    foreign = vector(feature_set="other_v1", instrument="eq.us.spy")
    sent = decided([holes, vector(), foreign], predictors=Predictors(model))
    assert sorted(str(codes(item)) for item in sent if item.topic == DENIED) == [
        "['FEATURES_INCOMPLETE']",
        "['FEATURES_INCOMPLETE']",
    ]
    assert sum(item.topic == APPROVED for item in sent) == 1
    assert model.asked == [1]


def test_proposals_are_judged_in_order_of_strategy_lane_and_instrument() -> None:
    universe = tuple(CLONES)
    one = msgspec.structs.replace(STRATEGY, strategy_id="b", universe=universe)
    other = msgspec.structs.replace(STRATEGY, strategy_id="a", universe=universe)
    models = {name: [deployed(name, "shadow"), deployed(name, "candidate")] for name in ("a", "b")}
    risk = Risk()
    decided(
        [vector(instrument=name) for name in reversed(CLONES)],
        strategies=[one, other],
        models=models,
        risk=risk,
    )
    asked = [(item.strategy_id, item.lane, item.instrument) for item in risk.asked]
    assert asked == sorted(asked)
    assert len(asked) == 12


def test_one_model_call_answers_all_vectors_of_a_minute() -> None:
    model = Model()
    strategy = msgspec.structs.replace(STRATEGY, universe=tuple(CLONES))
    decided(
        [vector(instrument=name) for name in CLONES],
        strategies=[strategy],
        predictors=Predictors(model),
    )
    assert model.asked == [3]


def test_vectors_outside_the_universe_and_gaps_are_passed_over() -> None:
    gap = FeatureGap(
        instrument="eq.us.spy", ts_event=at(3), ts_known=at(5), feature_set="intraday_v1"
    )
    assert decided([vector(instrument=CLONES[0]), gap]) == []


def test_a_vector_that_a_restarted_writer_repeats_is_not_decided_in_another_minute() -> None:
    (sent,) = decided([vector(3), vector(4), vector(5)])
    assert isinstance(sent.value, SignalApproved)
    assert sent.value.proposal.ts_event == at(4)


def test_the_same_vectors_again_make_the_same_bytes() -> None:
    vectors = [vector(), vector(probability=0.1)]
    assert decided(vectors) == decided(vectors)


def test_outcomes_and_reasons_are_counted() -> None:
    telemetry = Telemetry("signal_generation")
    decided([vector(), vector(probability=2.0)], telemetry=telemetry)
    text = telemetry.answer("/metrics")[2].decode()
    assert 'outcome="approved"' in text
    assert 'signals_denials_total{code="MODEL_ANSWER_INVALID",denied_by="signal_generation"' in text
