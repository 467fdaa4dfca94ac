"""One minute of bars and approved signals → orders, fills, positions and the ledger."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from alphaline.errors import LedgerError
from alphaline.market.minutes import Minute
from alphaline.market.release import PartitionedRelease
from alphaline.messages import (
    MINUTE_NS,
    Bar,
    Fill,
    OrderEvent,
    PositionChanged,
    SignalApproved,
)
from alphaline.runtime.messaging import Outgoing, TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.ledger import Entry
from alphaline.trading.paper import Equity, Event, PaperAccount

BARS = "market.bars.v1"
APPROVED = "signals.approved.v1"
ORDERS = "trading.orders.v1"
FILLS = "trading.fills.v1"
POSITIONS = "trading.positions.v1"
# An audit reads the whole ledger: once a day of line time, and at every start.
AUDIT_INTERVAL_NS = 1_440 * MINUTE_NS


class LedgerWriter(Protocol):
    """Keeps what happened, and the snapshot after it, in one transaction."""

    def commit(
        self,
        line_time: int,
        events: Iterable[Event],
        entries: Iterable[Entry],
        equity: Iterable[tuple[int, Equity]],
        offsets: Mapping[TopicPartitionKey, int],
        snapshot: bytes,
    ) -> None:
        """Write one or several minutes; a minute written again changes nothing."""


class PaperStep:
    """Moves the paper account forward; what it did is published first and then kept.

    Parameters
    ----------
    audit
        Returns what contradicts itself in the ledger, a sentence each.
    """

    def __init__(
        self,
        account: PaperAccount,
        ledger: LedgerWriter,
        commit_minutes: int,
        telemetry: Telemetry,
        release: PartitionedRelease,
        homes: dict[str, int],
        audit: Callable[[], Sequence[str]],
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._interval_ns = commit_minutes * MINUTE_NS
        self._commit_at = 0
        self._telemetry = telemetry
        self._release = release
        self._homes = homes
        self._audit = audit
        self._audit_at = 0
        self._events: list[Event] = []
        self._entries: list[Entry] = []
        self._equity: list[tuple[int, Equity]] = []

    def on_minute(self, minute: Minute) -> Iterator[Outgoing]:
        """Yield the minute's events, each into the partition of its instrument."""
        outcome = self._account.on_minute(
            minute.ts,
            self._released(minute),
            self._approvals(minute),
            minute.clock.allowed_lateness_ms,
        )
        self._events += outcome.events
        self._entries += outcome.entries
        if outcome.entries or any(trade.held for trade in self._account.open_trades()):
            self._equity += [(minute.ts, point) for point in self._account.equity()]
        for event in outcome.events:
            yield self._outgoing(event)

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Commit once something happened, or the interval has passed."""
        if not (self._events or self._equity) and line_time < self._commit_at:
            return
        self._commit_at = line_time + self._interval_ns
        self._commit(line_time, positions)
        if line_time >= self._audit_at:
            self._audit_at = line_time + AUDIT_INTERVAL_NS
            self._tell_breaks(self._audit())

    def on_idle(self) -> None:
        """Do nothing: what happened is committed with its minute."""

    def _commit(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:
        try:
            self._ledger.commit(
                line_time, self._events, self._entries, self._equity, positions, self._snapshot()
            )
        except LedgerError as error:
            self._tell_breaks([str(error)])
            raise
        self._events, self._entries, self._equity = [], [], []

    def _tell_breaks(self, breaks: Sequence[str]) -> None:
        self._telemetry.gauge("trading_ledger_breaks").set(len(breaks))
        for sentence in breaks:
            structlog.get_logger().error("ledger_break", detail=sentence)

    def _released(self, minute: Minute) -> list[Bar]:
        released = self._release.on_minute(minute).bars
        for arrival in released:
            self._homes[arrival.bar.instrument] = arrival.partition
        return [arrival.bar for arrival in released]

    def _approvals(self, minute: Minute) -> list[SignalApproved]:
        approvals = []
        for record in minute.records:
            if isinstance(record.message, SignalApproved):
                approvals.append(record.message)
                self._homes[record.message.proposal.instrument] = record.at.partition
        return approvals

    def _outgoing(self, event: Event) -> Outgoing:
        partition = self._homes[event.instrument]
        match event:
            case OrderEvent():
                self._telemetry.counter(
                    "trading_orders_total", state=event.state, intent=event.intent
                ).inc()
                return Outgoing(ORDERS, event.instrument, event, partition)
            case Fill():
                self._telemetry.counter("trading_fills_total", intent=event.intent).inc()
                return Outgoing(FILLS, event.instrument, event, partition)
            case PositionChanged():
                self._telemetry.gauge(
                    "trading_realised_pnl_minor", portfolio=event.portfolio_id
                ).set(event.realised_minor)
                return Outgoing(POSITIONS, event.instrument, event, partition)

    def _snapshot(self) -> bytes:
        value: dict[str, Any] = {
            "account": self._account.snapshot(),
            "release": self._release.snapshots(),
            "homes": self._homes,
        }
        return msgspec.json.encode(value)
