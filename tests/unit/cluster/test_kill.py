"""What is demanded of a run in which the kill switch was engaged for a while."""

import pytest

from alphaline.cli.verification.distinct import Distinct
from alphaline.messages import Denial, Proposal, RiskDecision, SignalApproved, SignalDenied, encode
from ci.cluster.kill import CODE, same_proposals
from tests.line_values import proposal

STOPPED = (Denial(code=CODE, numbers={}),)


def made(number: int) -> Proposal:
    return proposal(number, decision=f"d{number}")


def run(*outcomes: bool) -> dict[str, Distinct]:
    """Return what a run left whose n-th proposal was approved or denied."""
    topics = {
        name: Distinct({}, 0, [])
        for name in ("signals.approved.v1", "signals.denied.v1", "risk.decisions.v1")
    }
    for number, is_approved in enumerate(outcomes):
        one, denials = made(number), () if is_approved else STOPPED
        decision = RiskDecision(
            journal_seq=number,
            decision_id=one.decision_id,
            proposal=one,
            denials=denials,
            limits_digest="l",
        )
        topics["risk.decisions.v1"].by_id[one.decision_id,] = encode(decision)
        topic, signal = _signal(one, denials)
        topics[topic].by_id[one.decision_id,] = encode(signal)
    return topics


def _signal(
    one: Proposal, denials: tuple[Denial, ...]
) -> tuple[str, SignalApproved | SignalDenied]:
    if not denials:
        return "signals.approved.v1", SignalApproved(
            decision_id=one.decision_id, proposal=one, limits_digest="l", journal_seq=1
        )
    return "signals.denied.v1", SignalDenied(
        decision_id=one.decision_id,
        portfolio_id=one.portfolio_id,
        strategy_id=one.strategy_id,
        lane=one.lane,
        instrument=one.instrument,
        ts_event=one.ts_event,
        line_time=one.line_time,
        denied_by="risk",
        denials=denials,
        proposal=one,
    )


def test_verdicts_may_differ_where_the_switch_made_them() -> None:
    assert same_proposals(run(True, True, False), run(True, False, False))["holds"]


@pytest.mark.parametrize("found", [run(True), run(True, True, True), run()])
def test_a_proposal_that_was_lost_or_invented_is_seen(found: dict[str, Distinct]) -> None:
    assert not same_proposals(run(True, True), found)["holds"]


def test_a_proposal_that_is_both_approved_and_denied_is_seen() -> None:
    found = run(True, True)
    found["signals.denied.v1"].by_id.update(run(False)["signals.denied.v1"].by_id)
    assert same_proposals(run(True, True), found)["approved_and_denied"] == 1


@pytest.mark.parametrize("verdicts", [run(True), run(True, False)])
def test_an_approval_that_risk_never_gave_is_seen(verdicts: dict[str, Distinct]) -> None:
    found = {**run(True, True), "risk.decisions.v1": verdicts["risk.decisions.v1"]}
    result = same_proposals(run(True, True), found)
    assert result["approved_unchecked"] == 1
    assert not result["holds"]
