"""Demands that nobody has stopped trading."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import BREACHED, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:  # noqa: ARG001 - every rule is asked alike
    """Return whether the kill switch is engaged."""
    return BREACHED if facts.is_killed != 0 else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:  # noqa: ARG001 - every rule is asked alike
    return {}


RULE = Rule(
    name="kill_switch",
    code="KILL_SWITCH_ENGAGED",
    check=check,
    numbers=_numbers,
)
