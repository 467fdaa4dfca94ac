"""Bounds what a strategy may hold of one instrument on one side, pending orders included."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:
    """Return whether held, working, approved and proposed units together exceed the limit."""
    if limits.position_quantity == UNSET:
        return LIMIT_IS_UNSET
    return BREACHED if facts.position_quantity > limits.position_quantity else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:
    return {"position": facts.position_quantity, "limit": limits.position_quantity}


RULE = Rule(
    name="position",
    code="POSITION_LIMIT",
    check=check,
    numbers=_numbers,
    limit="position_quantity",
)
