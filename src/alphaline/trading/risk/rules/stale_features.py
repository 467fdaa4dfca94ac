"""Bounds the age of the features behind a proposal."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:
    """Return whether the vector is too old, or from after its own decision."""
    if limits.features_max_age_ns == UNSET:
        return LIMIT_IS_UNSET
    return (
        BREACHED
        if facts.features_age_ns < 0 or facts.features_age_ns > limits.features_max_age_ns
        else PASSES
    )


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:
    return {"age_ns": facts.features_age_ns, "limit_ns": limits.features_max_age_ns}


RULE = Rule(
    name="stale_features",
    code="FEATURES_STALE",
    check=check,
    numbers=_numbers,
    limit="features_max_age_ms",
)
