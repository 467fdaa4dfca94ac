"""The paper account: approved signals and released bars in, orders, fills and positions out.

A pure fold: the same minutes give the same bytes, in the live service and in a backtest.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from alphaline.errors import ContractError
from alphaline.market.instruments import InstrumentMaster
from alphaline.messages import (
    Bar,
    Fill,
    OrderEvent,
    PositionChanged,
    SignalApproved,
    digest,
    encode,
)
from alphaline.trading.execution import BarExecution
from alphaline.trading.ledger import Book, Entry
from alphaline.trading.money import value_minor
from alphaline.trading.orders import OrderState, Trade, order_event
from alphaline.trading.postings import LedgerKey
from alphaline.trading.strategy import Strategy

SCHEMA_VERSION = 1
# How long an approval is remembered, so that its repetition is told from a new one. An older one is
# void in any case and nearly always a repetition, which must not look like another refusal: it is passed over.
MEMORY_NS = 24 * 3_600_000_000_000
_MILLISECOND_NS = 1_000_000

Event = OrderEvent | Fill | PositionChanged


class MinuteOutcome(NamedTuple):
    """What one minute did: messages in the order in which they happened, and their ledger entries."""

    events: tuple[Event, ...]
    entries: tuple[Entry, ...]


class Equity(NamedTuple):
    """Value of one key at the last closes: cash received less paid, plus what the units are worth."""

    key: LedgerKey
    cash_minor: int
    market_value_minor: int

    @property
    def profit_minor(self) -> int:
        """Profit since the log began, after fees."""
        return self.cash_minor + self.market_value_minor


class PaperAccount:
    """Paper orders of all strategies of one portfolio.

    Parameters
    ----------
    strategies
        By strategy id; an approval made under another version of its strategy is refused.
    instruments
        The instrument master.
    """

    def __init__(self, strategies: Mapping[str, Strategy], instruments: InstrumentMaster) -> None:
        self._strategies = strategies
        self._digests = {name: strategy.digest for name, strategy in strategies.items()}
        self._instruments = instruments
        self.line_time = 0
        self.book = Book()
        self._trades: dict[str, dict[str, Trade]] = {}
        self._approvals: dict[str, tuple[str, int]] = {}
        self._closes: dict[str, float] = {}

    def on_minute(
        self,
        clock_ts: int,
        bars: Iterable[Bar],
        approvals: Iterable[SignalApproved],
        allowed_lateness_ms: int = 0,
    ) -> MinuteOutcome:
        """Take one minute: its released bars first, then the end of sessions, then its approvals.

        Parameters
        ----------
        clock_ts
            The clock record that closes the minute; one that was taken before changes nothing.
        bars
            Bars that this clock record released.
        approvals
            Approved signals between the clock record before and this one.
        allowed_lateness_ms
            Of the clock record: a session's last bar is released that much after its end.
        """
        if clock_ts <= self.line_time:
            return MinuteOutcome((), ())
        events: list[Event] = []
        entries: list[Entry] = []
        for bar in sorted(bars, key=lambda bar: (bar.ts_known, bar.instrument, bar.ts_event)):
            self._take_bar(bar, events, entries)
        self._end_sessions(clock_ts, allowed_lateness_ms * _MILLISECOND_NS, events)
        for approval in sorted(approvals, key=_judgement_order):
            self._take_approval(approval, clock_ts, events)
        self.line_time = clock_ts
        self._forget(clock_ts - MEMORY_NS)
        return MinuteOutcome(tuple(events), tuple(entries))

    def open_trades(self) -> tuple[Trade, ...]:
        """Return the decisions that hold or work something, by instrument in order of approval."""
        return tuple(trade for trades in self._trades.values() for trade in trades.values())

    def equity(self) -> tuple[Equity, ...]:
        """Return the value of every key at the last released closes; O(keys)."""
        return tuple(self._equity(key) for key in self.book.balances)

    def snapshot(self) -> dict[str, Any]:
        """Return the state as a value that msgspec writes as JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "line_time": self.line_time,
            "trades": [msgspec.to_builtins(trade) for trade in self.open_trades()],
            "approvals": {name: list(seen) for name, seen in self._approvals.items()},
            "closes": dict(self._closes),
            "book": self.book.snapshot(),
        }

    @classmethod
    def restore(
        cls,
        snapshot: dict[str, Any],
        strategies: Mapping[str, Strategy],
        instruments: InstrumentMaster,
    ) -> "PaperAccount":
        """Return an account that goes on exactly where ``snapshot`` was taken.

        Raises
        ------
        ContractError
            If the snapshot has another schema version, or an open trade of a strategy that is not
            given or has changed since.
        """
        if snapshot.get("schema_version") != SCHEMA_VERSION:
            raise ContractError(
                f"paper account: expected schema version {SCHEMA_VERSION}, saw "
                f"{snapshot.get('schema_version')!r}; migrate the store or rebuild it from the log"
            )
        account = cls(strategies, instruments)
        account.line_time = snapshot["line_time"]
        for item in snapshot["trades"]:
            account._keep(account._known(msgspec.convert(item, Trade)))
        account._approvals = {
            name: (seen[0], seen[1]) for name, seen in snapshot["approvals"].items()
        }
        account._closes = dict(snapshot["closes"])
        account.book = Book.restore(snapshot["book"])
        return account

    def _take_bar(self, bar: Bar, events: list[Event], entries: list[Entry]) -> None:
        instrument = self._instruments.get(bar.instrument)
        if instrument is None:
            return
        self._closes[bar.instrument] = bar.close
        trades = self._trades.get(bar.instrument)
        if not trades:
            return
        execution = BarExecution(bar, instrument, self._strategies, self.book, events, entries)
        for trade in execution.run(list(trades.values())):
            self._keep(trade)

    def _end_sessions(self, clock_ts: int, lateness: int, events: list[Event]) -> None:
        for trade in self.open_trades():
            end = trade.proposal.exit.flat_at
            if trade.working > 0 and clock_ts >= end + lateness:
                events.append(
                    order_event(trade, "entry", "cancelled", end, clock_ts, "SESSION_END")
                )
                self._keep(msgspec.structs.replace(trade, working=0))

    def _take_approval(self, approval: SignalApproved, clock_ts: int, events: list[Event]) -> None:
        proposal = approval.proposal
        trade = Trade(proposal=proposal, working=proposal.quantity)
        content = digest(encode(approval))
        known = self._approvals.get(proposal.decision_id)
        if known is None and proposal.line_time < clock_ts - MEMORY_NS:
            return
        if known is not None and known[0] == content:
            return
        reason = "DUPLICATE_ID_CONFLICT" if known else self._refusal(approval, clock_ts)
        if known is None:
            self._approvals[proposal.decision_id] = (content, clock_ts)
        state: OrderState = "accepted" if reason is None else "refused"
        events.append(order_event(trade, "entry", state, proposal.line_time, clock_ts, reason))
        if reason is None:
            self._keep(trade)

    def _refusal(self, approval: SignalApproved, clock_ts: int) -> str | None:
        proposal = approval.proposal
        if clock_ts > proposal.valid_until:
            return "APPROVAL_EXPIRED"
        if self._digests.get(proposal.strategy_id) != proposal.strategy_digest:
            return "STRATEGY_MISMATCH"
        instrument = self._instruments.get(proposal.instrument)
        if instrument is None or instrument.currency != proposal.currency:
            return "INSTRUMENT_UNKNOWN"
        return None

    def _known(self, trade: Trade) -> Trade:
        proposal = trade.proposal
        if self._digests.get(proposal.strategy_id) != proposal.strategy_digest:
            raise ContractError(
                f"paper account: expected strategy {proposal.strategy_id} with digest "
                f"{proposal.strategy_digest}, under which decision {proposal.decision_id} is open, saw "
                f"{self._digests.get(proposal.strategy_id)}; start with that file until it is flat"
            )
        return trade

    def _keep(self, trade: Trade) -> None:
        trades = self._trades.setdefault(trade.proposal.instrument, {})
        if not trade.is_over:
            trades[trade.proposal.decision_id] = trade
            return
        trades.pop(trade.proposal.decision_id, None)
        if not trades:
            del self._trades[trade.proposal.instrument]

    def _forget(self, before: int) -> None:
        while self._approvals and (first := next(iter(self._approvals.items())))[1][1] < before:
            del self._approvals[first[0]]

    def _equity(self, key: LedgerKey) -> Equity:
        balance = self.book.balance(key)
        instrument = self._instruments.require(key.instrument)
        close = self._closes[key.instrument]
        return Equity(key, balance.cash_minor, value_minor(close, balance.quantity, instrument))


def _judgement_order(approval: SignalApproved) -> tuple[str, str, str, int]:
    proposal = approval.proposal
    return proposal.strategy_id, proposal.lane, proposal.instrument, proposal.ts_event
