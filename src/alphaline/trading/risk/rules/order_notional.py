"""Bounds the value of one order."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:
    """Return whether the order is worth more than its limit."""
    if limits.order_notional_minor == UNSET:
        return LIMIT_IS_UNSET
    return BREACHED if facts.notional_minor > limits.order_notional_minor else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:
    return {"notional_minor": facts.notional_minor, "limit_minor": limits.order_notional_minor}


RULE = Rule(
    name="order_notional",
    code="ORDER_NOTIONAL_LIMIT",
    check=check,
    numbers=_numbers,
    limit="order_notional_minor",
)
