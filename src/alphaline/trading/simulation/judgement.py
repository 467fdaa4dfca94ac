"""Judging one decision by the risk rules, on facts from the simulation's own state; compiled."""

from typing import Any

from alphaline.features.compiled.jit import compiled
from alphaline.labels.exit_rule import NONE
from alphaline.market.compiled import session_index
from alphaline.trading.compiled import evaluate, minor_up
from alphaline.trading.money import LARGEST
from alphaline.trading.risk.facts import Facts
from alphaline.trading.risk.limits import Limits
from alphaline.trading.risk.rule import LIMIT_IS_UNSET, PASSES
from alphaline.trading.simulation.columns import DecisionColumns, Outcomes, SessionColumns, Terms
from alphaline.trading.simulation.execution import drop_finished, revalue
from alphaline.trading.simulation.records import (
    APPROVED,
    CLOSE,
    CLOSING,
    DENIED,
    NEVER,
    QUANTITY_ZERO,
)

Record = Any
Records = Any


@compiled
def take_decision(
    at: int,
    decisions: DecisionColumns,
    sessions: SessionColumns,
    limits: Limits,
    instruments: Records,
    trades: Records,
    account: Record,
    outcomes: Outcomes,
    terms: Terms,
) -> None:
    """Judge decision ``at`` against everything before its instant; an approval becomes an order."""
    instrument = instruments[decisions.row[at]]
    if decisions.action[at] == CLOSE:
        outcomes.outcome[at] = CLOSING
        _close(instrument, trades, decisions.known_at[at] + terms.latency_ns)
        return
    expire_entries(decisions.judged_at[at], instruments, trades, account)
    quantity = _quantity(at, decisions, instrument)
    outcomes.quantity[at] = quantity
    if quantity == 0:
        outcomes.outcome[at] = QUANTITY_ZERO
        return
    facts = _facts(at, quantity, decisions, sessions, instrument, account)
    denied, unset = _masks(limits, facts)
    outcomes.denied[at], outcomes.unset[at] = denied, unset
    if denied:
        outcomes.outcome[at] = DENIED
        return
    outcomes.outcome[at] = APPROVED
    _open_trade(at, quantity, decisions, instrument, trades, account, terms)
    revalue(instrument, trades, account)


@compiled
def expire_entries(ts: int, instruments: Records, trades: Records, account: Record) -> None:
    """End the entries that could work only before ``ts``."""
    if ts <= account.next_expiry:
        return
    following = NEVER
    for row in range(len(instruments)):
        instrument = instruments[row]
        at, has_expired = instrument.first, False
        while at >= 0:
            trade = trades[at]
            if trade.working > 0 and trade.entry_until < ts:
                trade.working = 0
                has_expired = True
            elif trade.working > 0:
                following = min(following, trade.entry_until)
            at = trade.next
        if has_expired:
            drop_finished(instrument, trades)
            revalue(instrument, trades, account)
    account.next_expiry = following


@compiled
def _close(instrument: Record, trades: Records, earliest: int) -> None:
    at = instrument.first
    while at >= 0:
        trade = trades[at]
        trade.leave_from = min(trade.leave_from, earliest)
        at = trade.next


@compiled
def _quantity(at: int, decisions: DecisionColumns, instrument: Record) -> int:
    if decisions.quantity[at] > 0:
        return int(decisions.quantity[at])
    lot_minor = minor_up(decisions.reference_price[at], instrument.lot * instrument.scale)
    return int(decisions.notional_minor[at] // max(lot_minor, 1) * instrument.lot)


@compiled
def _facts(
    at: int,
    quantity: int,
    decisions: DecisionColumns,
    sessions: SessionColumns,
    instrument: Record,
    account: Record,
) -> Facts:
    ts = decisions.judged_at[at]
    notional = minor_up(decisions.reference_price[at], quantity * instrument.scale)
    committed = instrument.long if decisions.action[at] > 0 else instrument.short
    return Facts(
        min(quantity, LARGEST),
        notional,
        min(committed + quantity, LARGEST),
        min(account.gross + notional, LARGEST),
        ts - decisions.known_at[at],
        -1 if instrument.mark_ts < 0 else ts - instrument.mark_ts,
        0,
        1,
        _is_regular(sessions, ts),
        0,
        0,
        0,
    )


@compiled
def _is_regular(sessions: SessionColumns, ts: int) -> int:
    index = session_index(sessions.start, sessions.end, ts)
    return 1 if index >= 0 and sessions.open[index] <= ts < sessions.close[index] else 0


@compiled
def _masks(limits: Limits, facts: Facts) -> tuple[int, int]:
    denied = unset = 0
    answers = evaluate(limits, facts)
    for rule in range(len(answers)):
        if answers[rule] != PASSES:
            denied |= 1 << rule
        if answers[rule] == LIMIT_IS_UNSET:
            unset |= 1 << rule
    return denied, unset


@compiled
def _open_trade(
    at: int,
    quantity: int,
    decisions: DecisionColumns,
    instrument: Record,
    trades: Records,
    account: Record,
    terms: Terms,
) -> None:
    place = account.trades
    account.trades += 1
    trade = trades[place]
    trade.decision, trade.row, trade.side = at, decisions.row[at], decisions.action[at]
    trade.working, trade.held, trade.is_tried, trade.next = quantity, 0, 0, -1
    trade.earliest = decisions.known_at[at] + terms.latency_ns
    trade.valid_until, trade.entry_until = decisions.valid_until[at], decisions.entry_until[at]
    trade.horizon_ns, trade.flat_at = decisions.horizon_ns[at], decisions.flat_at[at]
    trade.stop_return, trade.target_return = decisions.stop_return[at], decisions.target_return[at]
    trade.leave_from, trade.exit_code = NEVER, NONE
    trade.entry_bar = trade.exit_bar = -1
    account.next_expiry = min(account.next_expiry, trade.entry_until)
    _append(place, instrument, trades)


@compiled
def _append(place: int, instrument: Record, trades: Records) -> None:
    instrument.open_trades += 1
    at = instrument.first
    if at < 0:
        instrument.first = place
        return
    while trades[at].next >= 0:
        at = trades[at].next
    trades[at].next = place
