"""Bounds the value of everything that a lane of a portfolio holds."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import UNSET, Limits
from alphaline.trading.risk.rule import BREACHED, LIMIT_IS_UNSET, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:
    """Return whether the gross exposure with this order exceeds the limit."""
    if limits.gross_exposure_minor == UNSET:
        return LIMIT_IS_UNSET
    return BREACHED if facts.gross_exposure_minor > limits.gross_exposure_minor else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:
    return {"gross_minor": facts.gross_exposure_minor, "limit_minor": limits.gross_exposure_minor}


RULE = Rule(
    name="gross_exposure",
    code="GROSS_EXPOSURE_LIMIT",
    check=check,
    numbers=_numbers,
    limit="gross_exposure_minor",
)
