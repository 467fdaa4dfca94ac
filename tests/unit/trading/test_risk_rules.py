"""One battery for every rule, and what each of them bounds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.trading import compiled
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits, RiskProfile
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES
from alphaline.trading.risk.rules import RULES, evaluate

LIMITS = Limits(
    order_quantity=100,
    order_notional_minor=1_000_000,
    position_quantity=200,
    gross_exposure_minor=3_000_000,
    features_max_age_ns=60,
    mark_max_age_ns=300,
)
HEALTHY = Facts(
    quantity=100,
    notional_minor=1_000_000,
    position_quantity=200,
    gross_exposure_minor=3_000_000,
    features_age_ns=60,
    mark_age_ns=300,
    positions_lag_ns=0,
    is_known=1,
    is_regular=1,
    is_killed=0,
    is_champion=0,
    is_proven=0,
)
# For every code: facts one step beyond what is allowed.
BEYOND = {
    "ORDER_QUANTITY_LIMIT": [{"quantity": 101}, {"quantity": 0}, {"quantity": -5}],
    "ORDER_NOTIONAL_LIMIT": [{"notional_minor": 1_000_001}],
    "POSITION_LIMIT": [{"position_quantity": 201}],
    "GROSS_EXPOSURE_LIMIT": [{"gross_exposure_minor": 3_000_001}],
    "FEATURES_STALE": [{"features_age_ns": 61}, {"features_age_ns": -1}],
    "MARK_STALE": [{"mark_age_ns": 301}, {"mark_age_ns": -1}],
    "POSITIONS_STALE": [{"positions_lag_ns": 1}],
    "INSTRUMENT_UNKNOWN": [{"is_known": 0}],
    "SESSION_CLOSED": [{"is_regular": 0}],
    "KILL_SWITCH_ENGAGED": [{"is_killed": 1}],
    "MODEL_STAGE_UNPROVEN": [{"is_champion": 1}],
}
LIMITED = [rule for rule in RULES if rule.limit is not None]
int64 = st.integers(-(2**61), 2**61)
any_facts = st.builds(Facts, *[int64] * 7, *[st.integers(0, 1)] * 5)


def compiled_limit(rule) -> str:
    return rule.limit.replace("_ms", "_ns")


def check_risk_rule(rule, beyond: list[dict[str, int]]) -> None:
    """Hold a rule to what every rule promises."""
    assert rule.check(LIMITS, HEALTHY) == PASSES
    for change in beyond:
        facts = HEALTHY._replace(**change)
        assert rule.check(LIMITS, facts) == BREACHED
        denial = rule.denial(BREACHED, LIMITS, facts)
        assert denial.code == rule.code
        assert msgspec.json.decode(msgspec.json.encode(denial), type=type(denial)) == denial
        others = [other for other in RULES if other is not rule]
        assert all(other.check(LIMITS, facts) == PASSES for other in others)
    if rule.limit is not None:
        unset = LIMITS._replace(**{compiled_limit(rule): UNSET})
        assert rule.check(unset, HEALTHY) == LIMIT_IS_UNSET
        denial = rule.denial(LIMIT_IS_UNSET, unset, HEALTHY)
        assert (denial.code, denial.numbers) == ("LIMIT_UNSET", {"limit": rule.limit})
        assert rule.limit in RiskProfile.__struct_fields__


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_keeps_the_promises_of_a_rule(rule):
    check_risk_rule(rule, BEYOND[rule.code])


def test_names_and_codes_are_unique_and_no_limit_is_without_a_rule():
    assert len({rule.name for rule in RULES}) == len({rule.code for rule in RULES}) == len(RULES)
    limits = set(RiskProfile.__struct_fields__) - {"risk_profile", "currency"}
    assert {rule.limit for rule in LIMITED} == limits


@given(facts=any_facts)
def test_all_rules_at_once_answer_as_each_alone_and_as_compiled_code(facts):
    alone = tuple(rule.check(LIMITS, facts) for rule in RULES)
    assert evaluate(LIMITS, facts) == alone
    assert compiled.evaluate(LIMITS, facts) == alone


@pytest.mark.parametrize("rule", LIMITED, ids=lambda rule: rule.name)
@given(facts=any_facts, low=st.integers(0, 2**61), high=st.integers(0, 2**61))
def test_a_tighter_limit_never_lets_more_through(rule, facts, low, high):
    low, high = sorted((low, high))
    name = compiled_limit(rule)
    if rule.check(LIMITS._replace(**{name: high}), facts) == BREACHED:
        assert rule.check(LIMITS._replace(**{name: low}), facts) == BREACHED


def test_milliseconds_of_the_file_are_nanoseconds_of_the_rules():
    profile = RiskProfile(risk_profile="p", currency="USD", mark_max_age_ms=3)
    assert profile.compiled().mark_max_age_ns == 3_000_000
    assert profile.compiled().order_quantity == UNSET
