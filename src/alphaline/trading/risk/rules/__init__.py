"""The rules, in the order in which a denied signal lists its reasons."""

from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import Rule
from alphaline.trading.risk.rules import (
    gross_exposure,
    kill_switch,
    model_stage,
    order_notional,
    order_quantity,
    position,
    session_closed,
    stale_features,
    stale_mark,
    stale_positions,
    unknown_instrument,
)

RULES: tuple[Rule, ...] = (
    kill_switch.RULE,
    unknown_instrument.RULE,
    session_closed.RULE,
    stale_positions.RULE,
    stale_features.RULE,
    stale_mark.RULE,
    model_stage.RULE,
    order_quantity.RULE,
    order_notional.RULE,
    position.RULE,
    gross_exposure.RULE,
)

_kill_switch = kill_switch.check
_unknown_instrument = unknown_instrument.check
_session_closed = session_closed.check
_stale_positions = stale_positions.check
_stale_features = stale_features.check
_stale_mark = stale_mark.check
_model_stage = model_stage.check
_order_quantity = order_quantity.check
_order_notional = order_notional.check
_position = position.check
_gross_exposure = gross_exposure.check


def evaluate(limits: Limits, facts: Facts) -> tuple[int, ...]:
    """Return the answer of every rule, in the order of ``RULES``."""
    return (
        _kill_switch(limits, facts),
        _unknown_instrument(limits, facts),
        _session_closed(limits, facts),
        _stale_positions(limits, facts),
        _stale_features(limits, facts),
        _stale_mark(limits, facts),
        _model_stage(limits, facts),
        _order_quantity(limits, facts),
        _order_notional(limits, facts),
        _position(limits, facts),
        _gross_exposure(limits, facts),
    )
