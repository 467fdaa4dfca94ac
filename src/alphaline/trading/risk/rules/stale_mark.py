"""Bounds the age of the last price of the instrument."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:
    """Return whether the last released bar is too old, or there was none (age -1)."""
    if limits.mark_max_age_ns == UNSET:
        return LIMIT_IS_UNSET
    return (
        BREACHED if facts.mark_age_ns < 0 or facts.mark_age_ns > limits.mark_max_age_ns else PASSES
    )


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:
    return {"age_ns": facts.mark_age_ns, "limit_ns": limits.mark_max_age_ns}


RULE = Rule(
    name="stale_mark",
    code="MARK_STALE",
    check=check,
    numbers=_numbers,
    limit="mark_max_age_ms",
)
