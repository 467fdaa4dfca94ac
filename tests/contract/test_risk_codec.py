"""Proposals and verdicts survive the wire exactly; what breaks the contract does not pass."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import MessageError
from alphaline.messages import Denial, ExitTerms, Lane, Proposal, Side
from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_codec import (
    Verdict,
    proposal_from_wire,
    proposal_to_wire,
    verdict_from_wire,
    verdict_to_wire,
)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_int64 = st.integers(-(2**63), 2**63 - 1)
_finite = st.floats(allow_nan=False, allow_infinity=False)

exit_terms = st.builds(
    ExitTerms, stop_return=_finite, target_return=_finite, horizon_ns=_int64, flat_at=_int64
)
proposals = st.builds(
    Proposal,
    decision_id=_text,
    portfolio_id=_text,
    strategy_id=_text,
    lane=st.sampled_from(get_args(Lane)),
    instrument=_text,
    ts_event=_int64,
    feature_set=_text,
    line_time=_int64,
    prior_line_time=_int64,
    side=st.sampled_from(get_args(Side)),
    quantity=st.integers(1, 2**63 - 1),
    reference_price=_finite,
    currency=_text,
    valid_until=_int64,
    exit=exit_terms,
    probability=_finite,
    model_name=_text,
    model_version=_text,
    model_digest=_text,
    strategy_digest=_text,
    engine=_text,
    features_ts_known=_int64,
    features_missing=st.integers(0, 2**31 - 1),
)
denials = st.builds(
    Denial,
    code=_text.filter(bool),
    numbers=st.dictionaries(_text, _int64 | _finite | _text, max_size=4),
)


def _verdict(found: list[Denial], decision_id: str, limits_digest: str, seq: int) -> Verdict:
    return Verdict(
        decision_id=decision_id,
        approved=not found,
        denials=tuple(found),
        limits_digest=limits_digest,
        journal_seq=seq,
    )


verdicts = st.builds(_verdict, st.lists(denials, max_size=3), _text, _text, _int64)


def _bits(proposal: Proposal) -> list[object]:
    """Floats by their bits: -0.0 equals 0.0 but is another value."""
    plain = [getattr(proposal, name) for name in Proposal.__struct_fields__ if name != "exit"]
    plain += [getattr(proposal.exit, name) for name in ExitTerms.__struct_fields__]
    return [value.hex() if isinstance(value, float) else value for value in plain]


def _types(verdict: Verdict) -> list[tuple[str, type]]:
    return [(k, type(v)) for denial in verdict.denials for k, v in denial.numbers.items()]


@given(proposals)
def test_a_proposal_survives_the_wire_bit_for_bit(proposal: Proposal) -> None:
    raw = proposal_to_wire(proposal).SerializeToString()
    assert _bits(proposal_from_wire(risk_pb2.Proposal.FromString(raw))) == _bits(proposal)


@given(verdicts)
def test_a_verdict_survives_the_wire_with_the_types_of_its_numbers(verdict: Verdict) -> None:
    raw = verdict_to_wire(verdict).SerializeToString()
    back = verdict_from_wire(risk_pb2.Verdict.FromString(raw))
    assert back == verdict
    assert sorted(_types(back), key=str) == sorted(_types(verdict), key=str)


def test_the_contract_has_exactly_the_fields_of_the_message() -> None:
    on_the_wire = set(risk_pb2.Proposal.DESCRIPTOR.fields_by_name)
    assert on_the_wire == set(Proposal.__struct_fields__)
    assert set(risk_pb2.ExitTerms.DESCRIPTOR.fields_by_name) == set(ExitTerms.__struct_fields__)


def _proposal_wire() -> risk_pb2.Proposal:
    return risk_pb2.Proposal(
        decision_id="d",
        lane="candidate",
        side="buy",
        quantity=1,
        exit=risk_pb2.ExitTerms(stop_return=0.01),
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lane", "main"),
        ("side", "long"),
        ("quantity", 0),
        ("quantity", -5),
        ("reference_price", math.nan),
        ("probability", math.inf),
    ],
)
def test_a_proposal_outside_the_contract_is_rejected(field: str, value: object) -> None:
    wire = _proposal_wire()
    assert proposal_from_wire(wire).decision_id == "d"
    setattr(wire, field, value)
    with pytest.raises(MessageError, match="CONTRACT_VIOLATION"):
        proposal_from_wire(wire)


def test_a_proposal_without_exit_terms_is_rejected() -> None:
    wire = _proposal_wire()
    wire.ClearField("exit")
    with pytest.raises(MessageError, match="exit terms"):
        proposal_from_wire(wire)


@pytest.mark.parametrize(
    "wire",
    [
        risk_pb2.Verdict(approved=True, denials=[risk_pb2.Denial(code="POSITION_LIMIT")]),
        risk_pb2.Verdict(approved=False),
        risk_pb2.Verdict(denials=[risk_pb2.Denial(code="")]),
        risk_pb2.Verdict(denials=[risk_pb2.Denial(code="X", numbers={"limit": "five"})]),
        risk_pb2.Verdict(denials=[risk_pb2.Denial(code="X", numbers={"limit": "[5]"})]),
    ],
)
def test_a_verdict_that_contradicts_itself_is_rejected(wire: risk_pb2.Verdict) -> None:
    with pytest.raises(MessageError, match="CONTRACT_VIOLATION"):
        verdict_from_wire(wire)


def test_a_number_that_is_not_finite_reaches_the_reader_as_text() -> None:
    seen = _verdict([Denial(code="MARK_STALE", numbers={"age": math.inf})], "d", "l", 1)
    assert verdict_from_wire(verdict_to_wire(seen)).denials[0].numbers == {"age": "inf"}
