"""Splits, dividends and borrow fees on what is held; compiled."""

import math
from typing import Any

from alphaline.features.compiled.jit import compiled
from alphaline.market.sessions import DAY_NS
from alphaline.trading.compiled import minor_up, nearest_minor
from alphaline.trading.simulation.columns import DecisionColumns, EventColumns, Ints
from alphaline.trading.simulation.execution import drop_finished, note_flow, revalue
from alphaline.trading.simulation.records import BORROW, DIVIDEND, SPLIT
from alphaline.validation.trading_costs import NIGHTS_PER_YEAR

BASIS_POINT_NIGHTS = 10_000.0 * NIGHTS_PER_YEAR
# A ratio such as 1/3 is a rounded float: what it misses of a whole unit is no fraction of one.
WHOLE = 1e-9

Record = Any
Records = Any


@compiled
def take_event(
    at: int,
    events: EventColumns,
    decisions: DecisionColumns,
    next_decision: int,
    instruments: Records,
    trades: Records,
    account: Record,
    flows: Records,
) -> None:
    """Apply event ``at`` to its instrument, to what is held and to decisions not judged yet."""
    instrument, ratio, ts = instruments[events.row[at]], events.split[at], events.at[at]
    if events.dividend[at] != 0.0:
        _pay_dividend(events.dividend[at], ts, instrument, trades, account, flows)
    if ratio == 1.0:
        return
    instrument.close /= ratio
    _rescale_decisions(events.row[at], ts, ratio, next_decision, decisions)
    place = instrument.first
    while place >= 0:
        before = trades[place].held
        _split(trades[place], ratio)
        units = trades[place].side * (trades[place].held - before)
        note_flow(SPLIT, place, ts, ts, units, 0, trades, account, flows)
        place = trades[place].next
    instrument.has_fraction = 1
    drop_finished(instrument, trades)
    revalue(instrument, trades, account)


@compiled
def charge_borrow(
    annual_bps: float,
    nights: int,
    ts: int,
    instruments: Records,
    trades: Records,
    account: Record,
    flows: Records,
) -> None:
    """Charge every short holding at ``ts`` for ``nights`` at its last mark, rounded up to a minor unit."""
    for row in range(len(instruments)):
        instrument = instruments[row]
        place = instrument.first
        while place >= 0:
            trade = trades[place]
            if trade.side < 0 and trade.held > 0:
                value = minor_up(instrument.close, trade.held * instrument.scale)
                fee = math.ceil(value * (annual_bps * nights) / BASIS_POINT_NIGHTS)
                trade.borrow += fee
                trade.cash -= fee
                account.borrow += fee
                account.cash -= fee
                note_flow(BORROW, place, ts, ts, -trade.held, -fee, trades, account, flows)
            place = trade.next


@compiled
def nights_until_next(session: Ints, at: int) -> int:
    """Return the nights from session ``at`` to the next one; 1 at the end of the table."""
    if at + 1 == len(session):
        return 1
    return int((session[at + 1] - session[at]) // DAY_NS)


@compiled
def _pay_dividend(
    dividend: float,
    ts: int,
    instrument: Record,
    trades: Records,
    account: Record,
    flows: Records,
) -> None:
    place = instrument.first
    while place >= 0:
        trade = trades[place]
        cash = trade.side * nearest_minor(dividend, trade.held * instrument.scale)
        trade.dividends += cash
        trade.cash += cash
        account.dividends += cash
        account.cash += cash
        units = trade.side * trade.held
        note_flow(DIVIDEND, place, ts, ts, units, cash, trades, account, flows)
        place = trade.next


@compiled
def _split(trade: Record, ratio: float) -> None:
    held = (trade.held + trade.fraction) * ratio
    trade.held = math.floor(held + WHOLE)
    fraction = held - trade.held
    trade.fraction = fraction if fraction > WHOLE else 0.0
    trade.working = math.floor(trade.working * ratio + WHOLE)
    trade.stop /= ratio
    trade.target /= ratio


@compiled
def _rescale_decisions(
    row: int, ts: int, ratio: float, next_decision: int, decisions: DecisionColumns
) -> None:
    for at in range(next_decision, len(decisions.row)):
        if decisions.known_at[at] >= ts:
            return
        if decisions.row[at] == row:
            decisions.reference_price[at] /= ratio
            decisions.quantity[at] = math.floor(decisions.quantity[at] * ratio + WHOLE)
