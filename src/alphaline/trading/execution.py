"""What one released bar does to the trades of its instrument."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from alphaline.market.instruments import Instrument
from alphaline.messages import Bar, Fill, OrderEvent, PositionChanged
from alphaline.trading.fills import fee_minor, fill_price, units_available
from alphaline.trading.ledger import Book, Entry, events_of_fill
from alphaline.trading.orders import ExitCall, Intent, OrderState, Trade, fill_of, order_event
from alphaline.trading.postings import LedgerKey
from alphaline.trading.strategy import ExecutionTerms, Strategy


class BarExecution:
    """One bar against the open trades of its instrument, in order of their approval.

    At the open: exit orders that work already and trades that the open ends, then entries. Within the
    bar: trades whose barrier or deadline is reached. What a strategy's lane trades in one bar, all
    orders together, stays within its participation; a lane never takes another lane's share.

    Parameters
    ----------
    events, entries
        Lists to which messages and ledger entries are appended.
    """

    def __init__(
        self,
        bar: Bar,
        instrument: Instrument,
        strategies: Mapping[str, Strategy],
        book: Book,
        events: list[OrderEvent | Fill | PositionChanged],
        entries: list[Entry],
    ) -> None:
        self._bar = bar
        self._instrument = instrument
        self._strategies = strategies
        self._book = book
        self._events = events
        self._entries = entries
        self._left: dict[tuple[str, str], int] = {}

    def run(self, trades: list[Trade]) -> list[Trade]:
        """Return ``trades`` as the bar leaves them."""
        trades = [self._leave_at_open(trade) for trade in trades]
        trades = [self._enter(trade) for trade in trades]
        return [self._leave_within(trade) for trade in trades]

    def _leave_at_open(self, trade: Trade) -> Trade:
        if trade.is_leaving:
            return self._fill(trade, "exit", self._bar.open)
        call = trade.exit_call(self._bar)
        return self._leave(trade, call) if call is not None and call.is_at_open else trade

    def _leave_within(self, trade: Trade) -> Trade:
        call = trade.exit_call(self._bar)
        return trade if call is None else self._leave(trade, call)

    def _leave(self, trade: Trade, call: ExitCall) -> Trade:
        if trade.working > 0:
            trade = self._end_entry(trade, "cancelled", self._end_reason(trade))
        trade = msgspec.structs.replace(trade, exit_quantity=trade.held, exit_reason=call.reason)
        self._events.append(
            order_event(
                trade, "exit", "accepted", self._bar.ts_event, self._bar.ts_known, call.reason
            )
        )
        return self._fill(trade, "exit", call.price)

    def _enter(self, trade: Trade) -> Trade:
        proposal, start = trade.proposal, self._bar.ts_event
        if trade.working == 0 or start < proposal.line_time + self._terms(trade).latency_ns:
            return trade
        if start >= proposal.exit.flat_at:
            return self._end_entry(trade, "cancelled", "SESSION_END")
        if not trade.is_tried and start > proposal.valid_until:
            return self._end_entry(trade, "refused", "APPROVAL_EXPIRED")
        trade = msgspec.structs.replace(trade, is_tried=True)
        return self._fill(trade, "entry", self._bar.open)

    def _end_reason(self, trade: Trade) -> str:
        is_close = self._bar.ts_known >= trade.proposal.exit.flat_at
        return "SESSION_END" if is_close else "EXIT_TRIGGERED"

    def _end_entry(
        self, trade: Trade, state: Literal["cancelled", "refused"], reason: str
    ) -> Trade:
        self._events.append(
            order_event(trade, "entry", state, self._bar.ts_event, self._bar.ts_known, reason)
        )
        return msgspec.structs.replace(trade, working=0)

    def _fill(self, trade: Trade, intent: Intent, market_price: float) -> Trade:
        wanted = trade.working if intent == "entry" else trade.held
        quantity = self._take_units(trade, wanted)
        if quantity == 0:
            return trade
        terms = self._terms(trade)
        price = fill_price(trade.side(intent), market_price, self._instrument, terms)
        after = trade.entered(quantity, self._bar) if intent == "entry" else trade.left(quantity)
        fill = fill_of(after, intent, quantity, price, fee_minor(quantity, terms), self._bar)
        state: OrderState = "filled" if quantity == wanted else "partially_filled"
        self._events.append(
            order_event(after, intent, state, fill.ts_event, fill.ts_known, _reason(after, intent))
        )
        self._events.append(fill)
        self._post(fill)
        return after

    def _take_units(self, trade: Trade, wanted: int) -> int:
        lane = (trade.proposal.strategy_id, trade.proposal.lane)
        if lane not in self._left:
            terms = self._terms(trade)
            self._left[lane] = units_available(self._bar.volume, self._instrument, terms)
        quantity = min(wanted, self._left[lane])
        self._left[lane] -= quantity
        return quantity

    def _post(self, fill: Fill) -> None:
        for event in events_of_fill(fill, self._instrument):
            self._entries.append(self._book.post(event))
        self._events.append(_position(fill, self._book))

    def _terms(self, trade: Trade) -> ExecutionTerms:
        return self._strategies[trade.proposal.strategy_id].execution


def _reason(trade: Trade, intent: Intent) -> str | None:
    return trade.exit_reason if intent == "exit" else None


def _position(fill: Fill, book: Book) -> PositionChanged:
    key = LedgerKey(fill.portfolio_id, fill.strategy_id, fill.lane, fill.instrument, fill.currency)
    balance = book.balance(key)
    return PositionChanged(
        portfolio_id=fill.portfolio_id,
        strategy_id=fill.strategy_id,
        lane=fill.lane,
        instrument=fill.instrument,
        quantity=balance.quantity,
        cost_minor=balance.cost_minor,
        realised_minor=balance.realised_minor,
        fees_minor=balance.fees_minor,
        currency=fill.currency,
        ts_known=fill.ts_known,
    )
