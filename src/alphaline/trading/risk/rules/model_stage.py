"""Demands a proven model where it trades as champion."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import BREACHED, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:  # noqa: ARG001 - every rule is asked alike
    """Return whether a champion order comes from a model without a passing verdict."""
    return BREACHED if facts.is_champion != 0 and facts.is_proven == 0 else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:  # noqa: ARG001 - every rule is asked alike
    return {}


RULE = Rule(
    name="model_stage",
    code="MODEL_STAGE_UNPROVEN",
    check=check,
    numbers=_numbers,
)
