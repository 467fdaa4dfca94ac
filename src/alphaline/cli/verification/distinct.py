"""Delivery is at least once: what counts is each id once, and that its repetitions are byte-equal."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from alphaline.cli.verification.drill import Logged
from alphaline.messages import (
    Clock,
    FeatureGap,
    FeatureVector,
    Fill,
    OrderEvent,
    PositionChanged,
    RiskDecision,
    SignalApproved,
    SignalDenied,
)


class Distinct(NamedTuple):
    """Bytes by id; how often an id came again with the same bytes, and those with other bytes.

    A conflict is the id, its first bytes and the other ones.
    """

    by_id: dict[tuple[Any, ...], bytes]
    repeated: int
    conflicts: list[tuple[tuple[Any, ...], bytes, bytes]]


def distinct(logged: Iterable[Logged]) -> Distinct:
    """Return the messages of a topic by id; clock records are left out."""
    result = Distinct({}, 0, [])
    repeated = 0
    for item in logged:
        if isinstance(item.message, Clock):
            continue
        key = identity(item.message)
        known = result.by_id.setdefault(key, item.raw)
        if known is item.raw:
            continue
        if known == item.raw:
            repeated += 1
        else:
            result.conflicts.append((key, known, item.raw))
    return result._replace(repeated=repeated)


def identity(message: Any) -> tuple[Any, ...]:
    """Return what names a message within its topic."""
    return next(of(message) for kind, of in _IDENTITY.items() if isinstance(message, kind))


_IDENTITY: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    FeatureVector: lambda row: ("vector", row.instrument, row.ts_event),
    FeatureGap: lambda row: ("gap", row.instrument, row.ts_event),
    SignalApproved: lambda signal: (signal.decision_id,),
    SignalDenied: lambda signal: (signal.decision_id,),
    RiskDecision: lambda decision: (decision.decision_id,),
    Fill: lambda fill: (fill.fill_id,),
    OrderEvent: lambda order: (order.order_id, order.state, order.remaining, order.ts_known),
    PositionChanged: lambda position: (
        position.portfolio_id,
        position.strategy_id,
        position.lane,
        position.instrument,
        position.ts_known,
        position.quantity,
    ),
}
