"""What one bar does to the trades of its instrument, as the paper account has it; compiled.

At the open: fractions that a split left over are settled, then exit orders that work already and trades
that the open or a decision ends, then entries. Within the bar: trades whose barrier or deadline is
reached. All orders of an instrument together stay within the participation.
"""

from typing import Any

from alphaline.features.compiled.jit import compiled
from alphaline.labels.compiled import barrier_prices, deadline, exit_step
from alphaline.labels.exit_rule import HORIZON, NONE
from alphaline.trading.compiled import (
    fee_of,
    minor_up,
    nearest_minor,
    price_against,
    units_within,
)
from alphaline.trading.simulation.columns import Bar, Terms
from alphaline.trading.simulation.records import IN_LIEU, NEVER, SETTLED, SIGNAL, SPLIT

# Records of numpy's structured arrays carry no types that a checker knows.
Record = Any
Records = Any


@compiled
def take_bar(
    bar: Bar,
    volume: float,
    instrument: Record,
    trades: Records,
    account: Record,
    fills: Records,
    flows: Records,
    terms: Terms,
) -> None:
    """Execute the open trades of ``instrument`` in ``bar`` and drop those that are over."""
    instrument.left = units_within(volume, instrument.lot, terms.participation)
    if instrument.has_fraction:
        _settle_fractions(bar, instrument, trades, account, flows)
    at = instrument.first
    while at >= 0:
        _leave_at_open(at, bar, instrument, trades, account, fills, terms)
        at = trades[at].next
    at = instrument.first
    while at >= 0:
        _enter(at, bar, instrument, trades, account, fills, terms)
        at = trades[at].next
    at = instrument.first
    while at >= 0:
        _leave_within(at, bar, instrument, trades, account, fills, terms)
        at = trades[at].next
    drop_finished(instrument, trades)


@compiled
def drop_finished(instrument: Record, trades: Records) -> None:
    """Take the trades that hold and work nothing out of the list of their instrument."""
    before = -1
    at = instrument.first
    while at >= 0:
        trade = trades[at]
        after = trade.next
        if trade.held == 0 and trade.working == 0 and trade.fraction == 0.0:
            instrument.open_trades -= 1
            if before < 0:
                instrument.first = after
            else:
                trades[before].next = after
        else:
            before = at
        at = after


@compiled
def revalue(instrument: Record, trades: Records, account: Record) -> None:
    """Count again what is held and committed of ``instrument``, at its last mark."""
    long = short = position = 0
    at = instrument.first
    while at >= 0:
        trade = trades[at]
        if trade.side > 0:
            long += trade.working + trade.held
        else:
            short += trade.working + trade.held
        position += trade.side * trade.held
        at = trade.next
    unit = minor_up(instrument.close, instrument.scale)
    value = nearest_minor(instrument.close, position * instrument.scale)
    account.gross += (long + short) * unit - instrument.gross
    account.value += value - instrument.value
    instrument.long, instrument.short, instrument.position = long, short, position
    instrument.gross, instrument.value = (long + short) * unit, value


@compiled
def note_flow(
    kind: int,
    at: int,
    ts: int,
    known: int,
    units: int,
    cash: int,
    trades: Records,
    account: Record,
    flows: Records,
) -> None:
    """Write down what holding trade ``at`` brought or cost; nothing where it was neither.

    Where the room is used up, flows are only counted.
    """
    if units == 0 or (cash == 0 and kind != SPLIT):
        return
    account.flows += 1
    if account.flows > len(flows):
        return
    flow = flows[account.flows - 1]
    flow.kind, flow.decision, flow.trade = kind, trades[at].decision, at
    flow.row, flow.at, flow.known = trades[at].row, ts, known
    flow.units, flow.cash, flow.fills = units, cash, account.fills


@compiled
def _settle_fractions(
    bar: Bar, instrument: Record, trades: Records, account: Record, flows: Records
) -> None:
    instrument.has_fraction = 0
    at = instrument.first
    while at >= 0:
        trade = trades[at]
        if trade.fraction > 0.0:
            cash = trade.side * nearest_minor(bar.o * trade.fraction, instrument.scale)
            trade.fraction = 0.0
            trade.settled += cash
            trade.cash += cash
            account.settled += cash
            account.cash += cash
            note_flow(IN_LIEU, at, bar.start, bar.end, trade.side, cash, trades, account, flows)
            if trade.held == 0 and trade.exit_code == NONE:
                trade.working, trade.exit_code = 0, SETTLED
                trade.exit_bar, trade.exit_price = bar.place, bar.o
        at = trade.next


@compiled
def _leave_at_open(
    at: int,
    bar: Bar,
    instrument: Record,
    trades: Records,
    account: Record,
    fills: Records,
    terms: Terms,
) -> None:
    trade = trades[at]
    if trade.exit_quantity > 0:
        _fill(at, True, bar.o, bar, instrument, trades, account, fills, terms)
        return
    if bar.start >= trade.leave_from:
        trade.working = 0
        trade.leave_from = NEVER
        if trade.held > 0:
            _leave(at, SIGNAL, bar.o, bar, instrument, trades, account, fills, terms)
        return
    if trade.held == 0:
        return
    code, price = _exit_call(trade, bar)
    is_at_open = bar.start >= trade.deadline if code == HORIZON else price == bar.o
    if code != NONE and is_at_open:
        _leave(at, code, price, bar, instrument, trades, account, fills, terms)


@compiled
def _enter(
    at: int,
    bar: Bar,
    instrument: Record,
    trades: Records,
    account: Record,
    fills: Records,
    terms: Terms,
) -> None:
    trade = trades[at]
    if trade.working == 0 or bar.start < trade.earliest:
        return
    if bar.start >= trade.entry_until or (trade.is_tried == 0 and bar.start > trade.valid_until):
        trade.working = 0
        return
    trade.is_tried = 1
    _fill(at, False, bar.o, bar, instrument, trades, account, fills, terms)


@compiled
def _leave_within(
    at: int,
    bar: Bar,
    instrument: Record,
    trades: Records,
    account: Record,
    fills: Records,
    terms: Terms,
) -> None:
    trade = trades[at]
    if trade.held == 0 or trade.exit_quantity > 0:
        return
    code, price = _exit_call(trade, bar)
    if code != NONE:
        _leave(at, code, price, bar, instrument, trades, account, fills, terms)


@compiled
def _exit_call(trade: Record, bar: Bar) -> tuple[int, float]:
    return exit_step(
        trade.side,
        trade.stop,
        trade.target,
        trade.deadline,
        bar.start,
        bar.end,
        bar.o,
        bar.h,
        bar.l,
        bar.c,
    )


@compiled
def _leave(
    at: int,
    code: int,
    price: float,
    bar: Bar,
    instrument: Record,
    trades: Records,
    account: Record,
    fills: Records,
    terms: Terms,
) -> None:
    trade = trades[at]
    trade.working = 0
    trade.exit_quantity = trade.held
    trade.exit_code = code
    _fill(at, True, price, bar, instrument, trades, account, fills, terms)


@compiled
def _fill(
    at: int,
    is_exit: bool,
    market_price: float,
    bar: Bar,
    instrument: Record,
    trades: Records,
    account: Record,
    fills: Records,
    terms: Terms,
) -> None:
    trade = trades[at]
    quantity = min(trade.held if is_exit else trade.working, instrument.left)
    if quantity == 0:
        return
    instrument.left -= quantity
    direction = -trade.side if is_exit else trade.side
    price = price_against(
        direction, market_price, instrument.tick_nanos, terms.half_spread_ticks, terms.slippage_bps
    )
    scaled = quantity * instrument.scale
    value = nearest_minor(price, scaled)
    fee = fee_of(quantity, terms.fee_nanos)
    cash = -direction * value - fee
    if is_exit:
        _left(trade, quantity, price, value, bar)
    else:
        _entered(trade, quantity, price, value, bar)
    _count_costs(trade, account, direction, value, market_price, scaled, instrument, terms)
    trade.fees += fee
    trade.cash += cash
    account.fees += fee
    account.cash += cash
    account.traded += value
    fill = fills[account.fills]
    account.fills += 1
    fill.decision, fill.trade, fill.row, fill.bar = trade.decision, at, trade.row, bar.place
    fill.is_exit, fill.direction, fill.quantity = is_exit, direction, quantity
    fill.price, fill.market_price = price, market_price
    fill.value, fill.fee, fill.cash = value, fee, cash


@compiled
def _count_costs(
    trade: Record,
    account: Record,
    direction: int,
    value: int,
    market_price: float,
    scaled: int,
    instrument: Record,
    terms: Terms,
) -> None:
    # The concession is the spread first; the rest is slippage and the rounding to the tick.
    concession = direction * (value - nearest_minor(market_price, scaled))
    half_spread = terms.half_spread_ticks * instrument.tick_nanos / 1e9
    spread = min(nearest_minor(half_spread, scaled), concession)
    trade.spread += spread
    trade.slippage += concession - spread
    account.spread += spread
    account.slippage += concession - spread


@compiled
def _entered(trade: Record, quantity: int, price: float, value: int, bar: Bar) -> None:
    if trade.entered == 0:
        trade.stop, trade.target = barrier_prices(
            trade.side, bar.o, trade.stop_return, trade.target_return
        )
        trade.deadline = deadline(bar.start, trade.horizon_ns, trade.flat_at)
        trade.entry_bar, trade.entry_price = bar.place, price
    trade.working -= quantity
    trade.held += quantity
    trade.entered += quantity
    trade.entry_value += value


@compiled
def _left(trade: Record, quantity: int, price: float, value: int, bar: Bar) -> None:
    trade.held -= quantity
    trade.left += quantity
    trade.exit_value += value
    trade.exit_bar, trade.exit_price = bar.place, price
