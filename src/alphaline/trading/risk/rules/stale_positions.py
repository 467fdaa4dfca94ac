"""Demands that risk itself has seen the minute before the proposal."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import BREACHED, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:  # noqa: ARG001 - every rule is asked alike
    """Return whether fills and marks of the minute before the proposal are still missing."""
    return BREACHED if facts.positions_lag_ns > 0 else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:  # noqa: ARG001 - every rule is asked alike
    return {"lag_ns": facts.positions_lag_ns}


RULE = Rule(
    name="stale_positions",
    code="POSITIONS_STALE",
    check=check,
    numbers=_numbers,
)
