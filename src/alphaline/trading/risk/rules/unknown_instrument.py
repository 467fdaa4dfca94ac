"""Demands an instrument of the master, traded in its own currency."""

from alphaline.messages import Number
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import BREACHED, PASSES, Rule


def check(limits: Limits, facts: Facts) -> int:  # noqa: ARG001 - every rule is asked alike
    """Return whether the instrument is unknown or of another currency."""
    return BREACHED if facts.is_known == 0 else PASSES


def _numbers(limits: Limits, facts: Facts) -> dict[str, Number]:  # noqa: ARG001 - every rule is asked alike
    return {}


RULE = Rule(
    name="unknown_instrument",
    code="INSTRUMENT_UNKNOWN",
    check=check,
    numbers=_numbers,
)
