"""Bounds the units of one order."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:
    """Return whether the order is larger than its limit, or has no positive quantity at all."""
    if limits.order_quantity == UNSET:
        return LIMIT_IS_UNSET
    return BREACHED if facts.quantity <= 0 or facts.quantity > limits.order_quantity else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:
    return {"quantity": facts.quantity, "limit": limits.order_quantity}


RULE = Rule(
    name="order_quantity",
    code="ORDER_QUANTITY_LIMIT",
    check=check,
    numbers=_numbers,
    limit="order_quantity",
)
