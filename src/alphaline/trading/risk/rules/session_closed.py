"""Demands regular trading hours."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import BREACHED, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:  # noqa: ARG001 - every rule is asked alike
    """Return whether the line time lies outside regular hours."""
    return BREACHED if facts.is_regular == 0 else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:  # noqa: ARG001 - every rule is asked alike
    return {}


RULE = Rule(
    name="session_closed",
    code="SESSION_CLOSED",
    check=check,
    numbers=_numbers,
)
