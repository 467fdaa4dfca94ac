"""What became of each approved decision that traded."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from alphaline.market.instruments import Instrument
from alphaline.messages import Fill, OrderEvent
from alphaline.trading.money import value_minor


class RoundTrip(NamedTuple):
    """The trades of one decision; prices are averages over its fills.

    ``net_minor`` is what the closed trip earned after fees; None while something of it is held.
    ``exit_reason`` names the barrier.
    """

    decision_id: str
    side: str
    entered_at: int
    entry_price: float
    exited_at: int | None
    exit_price: float | None
    exit_reason: str | None
    net_minor: int | None


def round_trips(
    fills: Iterable[Fill], orders: Iterable[OrderEvent], instrument: Instrument
) -> list[RoundTrip]:
    """Return the round trips in order of their entry; repeated fills count once."""
    by_decision: dict[str, list[Fill]] = defaultdict(list)
    for fill in {fill.fill_id: fill for fill in fills}.values():
        by_decision[fill.decision_id].append(fill)
    reasons = {order.decision_id: order.reason for order in orders if order.intent == "exit"}
    trips = [
        _round_trip(of_one, reasons.get(decision), instrument)
        for decision, of_one in by_decision.items()
    ]
    return sorted(trips, key=lambda trip: (trip.entered_at, trip.decision_id))


def cash_minor(fills: Iterable[Fill], instrument: Instrument) -> int:
    """Return the cash that fills brought less what they took, fees included."""
    return sum(
        value_minor(fill.price, fill.quantity, instrument) * (1 if fill.side == "sell" else -1)
        - fill.fee_minor
        for fill in fills
    )


def _round_trip(fills: list[Fill], reason: str | None, instrument: Instrument) -> RoundTrip:
    entries = [fill for fill in fills if fill.intent == "entry"]
    exits = [fill for fill in fills if fill.intent == "exit"]
    is_closed = _units(entries) == _units(exits)
    return RoundTrip(
        decision_id=fills[0].decision_id,
        side=entries[0].side,
        entered_at=min(fill.ts_event for fill in entries),
        entry_price=_average(entries),
        exited_at=max(fill.ts_event for fill in exits) if is_closed else None,
        exit_price=_average(exits) if is_closed else None,
        exit_reason=reason if is_closed else None,
        net_minor=cash_minor(fills, instrument) if is_closed else None,
    )


def _units(fills: list[Fill]) -> int:
    return sum(fill.quantity for fill in fills)


def _average(fills: list[Fill]) -> float:
    return sum(fill.price * fill.quantity for fill in fills) / _units(fills)
