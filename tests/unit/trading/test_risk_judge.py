import msgspec
import pytest

from alphaline.errors import ContractError
from alphaline.messages import MINUTE_NS, ModelDeployed
from alphaline.trading.risk import RiskProfile, RiskState, judge


@pytest.fixture
def state(instruments, make_bar, at):
    state = RiskState(instruments)
    state.on_bar(make_bar(58))
    state.on_clock(at(59))
    return state


@pytest.fixture
def codes(state, profile, spy, sessions):
    def codes(proposal, limits=profile, instrument=spy):
        return {item.code for item in judge(proposal, state, limits, instrument, sessions)}

    return codes


def test_a_healthy_proposal_is_approved(codes, make_proposal):
    assert codes(make_proposal()) == set()


def test_every_reason_is_told(codes, state, make_proposal, at):
    state.engage_kill_switch("rita", "test", at(59))
    proposal = make_proposal(
        60, quantity=5000, reference_price=1000.0, features_ts_known=at(10), line_time=at(500)
    )
    assert codes(proposal) == {
        "KILL_SWITCH_ENGAGED",
        "SESSION_CLOSED",
        "FEATURES_STALE",
        "MARK_STALE",
        "ORDER_QUANTITY_LIMIT",
        "ORDER_NOTIONAL_LIMIT",
        "POSITION_LIMIT",
        "GROSS_EXPOSURE_LIMIT",
    }


def test_unset_limits_deny_each_by_its_name(state, make_proposal, spy, sessions):
    empty = RiskProfile(risk_profile="empty", currency="USD")
    denials = judge(make_proposal(), state, empty, spy, sessions)
    assert {denial.code for denial in denials} == {"LIMIT_UNSET"}
    assert len({denial.numbers["limit"] for denial in denials}) == 6


def test_money_limits_of_another_currency_count_as_unset(codes, make_proposal, profile):
    assert codes(make_proposal(), limits=msgspec.structs.replace(profile, currency="EUR")) == {
        "LIMIT_UNSET"
    }


def test_an_unknown_instrument_is_denied_whatever_it_is_worth(codes, make_proposal, spy):
    assert "INSTRUMENT_UNKNOWN" in codes(make_proposal(), instrument=None)
    foreign = msgspec.structs.replace(spy, currency="EUR")
    assert "INSTRUMENT_UNKNOWN" in codes(make_proposal(), instrument=foreign)


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_price_that_is_none_exceeds_every_notional(codes, make_proposal, price):
    assert "ORDER_NOTIONAL_LIMIT" in codes(make_proposal(reference_price=price))


def test_numbers_beyond_int64_are_denied_not_wrapped(codes, make_proposal):
    assert {"ORDER_QUANTITY_LIMIT", "POSITION_LIMIT"} <= codes(make_proposal(quantity=10**30))


def test_a_proposal_from_a_minute_that_risk_has_not_seen_is_denied(codes, make_proposal):
    assert codes(make_proposal(62)) == {"POSITIONS_STALE"}


def test_no_mark_is_a_stale_mark(codes, make_proposal):
    assert codes(make_proposal(instrument="eq.us.other")) == {"MARK_STALE"}


def test_approvals_before_count_until_they_lapse(codes, state, make_proposal, at):
    first = make_proposal(60, quantity=700)
    state.approve(first)
    second = make_proposal(60, quantity=700, ts_event=1)
    assert codes(second) == {"POSITION_LIMIT"}
    state.on_clock(first.valid_until)
    assert "POSITION_LIMIT" in codes(second)
    state.on_clock(first.valid_until + MINUTE_NS)
    assert "POSITION_LIMIT" not in codes(second)


def test_gross_exposure_adds_both_sides_and_lanes_do_not_share(codes, state, make_proposal):
    state.approve(make_proposal(60, quantity=900))
    short = make_proposal(60, "sell", quantity=900, ts_event=1)
    assert codes(short) == {"GROSS_EXPOSURE_LIMIT"}
    shadow = make_proposal(60, "sell", quantity=900, ts_event=1, lane="shadow")
    assert codes(shadow) == set()


def test_a_higher_mark_raises_the_gross_exposure(state, make_proposal, make_bar):
    state.approve(make_proposal(60, quantity=10))
    assert state.gross_minor("demo", "candidate") == 10 * 10_000
    state.on_bar(make_bar(59, o=101.005))
    assert state.gross_minor("demo", "candidate") == 10 * 10_101


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [("PASS", set()), ("FAIL", {"MODEL_STAGE_UNPROVEN"}), (None, {"MODEL_STAGE_UNPROVEN"})],
)
def test_a_champion_needs_a_passing_verdict(
    codes, state, make_proposal, deployed, verdict, expected
):
    if verdict is not None:
        model: ModelDeployed = msgspec.structs.replace(deployed, lane="champion", verdict=verdict)
        state.apply(model)
    assert codes(make_proposal(lane="champion")) == expected


def test_a_verdict_for_another_lane_or_model_proves_nothing(codes, state, make_proposal, deployed):
    state.apply(msgspec.structs.replace(deployed, verdict="PASS"))
    other = msgspec.structs.replace(
        deployed, lane="champion", verdict="PASS", model_digest="another"
    )
    state.apply(other)
    assert codes(make_proposal(lane="champion")) == {"MODEL_STAGE_UNPROVEN"}


def test_the_kill_switch_latches_until_a_named_person_clears_it(codes, state, make_proposal, at):
    state.engage_kill_switch("rita", "prices look wrong", at(59))
    state.engage_kill_switch("bob", "me too", at(60))
    assert state.kill_switch.by == "rita"
    with pytest.raises(ContractError, match="name"):
        state.clear_kill_switch(" ", "", at(61))
    assert codes(make_proposal()) == {"KILL_SWITCH_ENGAGED"}
    state.clear_kill_switch("sam", "vendor confirmed", at(61))
    assert codes(make_proposal()) == set()


def test_a_snapshot_of_another_schema_version_is_refused(state, instruments):
    with pytest.raises(ContractError, match="schema version 1, saw 2"):
        RiskState.restore(state.snapshot() | {"schema_version": 2}, instruments)
