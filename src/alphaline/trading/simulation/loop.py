"""The event loop of a simulation: every bar, decision, corporate event and session close in order.

At one instant: corporate events, then decisions (which see nothing that ends at it, as risk judges on
the clock record before), then bars that end there, then the session's close.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alphaline.features.compiled.jit import compiled
from alphaline.features.compiled.version import version_of
from alphaline.labels.compiled import barrier_prices, deadline, exit_step
from alphaline.market.compiled import session_index, tick_against
from alphaline.trading.compiled import (
    evaluate,
    fee_of,
    minor_up,
    nearest_minor,
    price_against,
    scaled_nanos,
    units_within,
)
from alphaline.trading.risk.limits import Limits
from alphaline.trading.simulation.columns import (
    Bar,
    BarColumns,
    DecisionColumns,
    EventColumns,
    Ints,
    Outcomes,
    SessionColumns,
    Terms,
)
from alphaline.trading.simulation.corporate import charge_borrow, nights_until_next, take_event
from alphaline.trading.simulation.execution import revalue, take_bar
from alphaline.trading.simulation.judgement import take_decision
from alphaline.trading.simulation.records import NEVER

Record = Any
Records = NDArray[Any]


@compiled
def _next_instant(at: int, times: Ints) -> int:
    return int(times[at]) if at < len(times) else NEVER


@compiled
def _close_session(
    at: int,
    sessions: SessionColumns,
    ts: int,
    terms: Terms,
    instruments: Records,
    trades: Records,
    account: Record,
    rows: Records,
    flows: Records,
) -> None:
    if terms.borrow_annual_bps > 0.0:
        nights = nights_until_next(sessions.session, at)
        charge_borrow(terms.borrow_annual_bps, nights, ts, instruments, trades, account, flows)
    row = rows[account.sessions]
    account.sessions += 1
    row.session, row.at, row.cash, row.value = sessions.session[at], ts, account.cash, account.value
    for place in range(len(instruments)):
        value = instruments[place].value
        row.long += max(value, 0)
        row.short += max(-value, 0)
    row.traded, row.spread, row.slippage = account.traded, account.spread, account.slippage
    row.fees, row.borrow = account.fees, account.borrow
    row.dividends, row.settled = account.dividends, account.settled


@njit(cache=True)
def _with_room(rows: Records, needed: int) -> Records:
    if needed <= len(rows):
        return rows
    grown = np.empty(2 * needed, rows.dtype)
    for i in range(len(rows)):
        grown[i] = rows[i]
    return grown


def _compiled(version: int) -> Any:
    # The cached machine code of a closure is found by what it closes over: a change in any function
    # below it gives another version and so another entry, which the file's own time would not.
    @njit(cache=True, error_model="numpy")
    def run(
        bars: BarColumns,
        events: EventColumns,
        decisions: DecisionColumns,
        sessions: SessionColumns,
        first_session: int,
        limits: Limits,
        terms: Terms,
        instruments: Records,
        trades: Records,
        accounts: Records,
        fills: Records,
        flows: Records,
        closes: Records,
        outcomes: Outcomes,
        curve: Ints,
    ) -> tuple[Records, int]:
        account = accounts[0]
        event, decision, session = 0, 0, first_session if version >= 0 else 0
        following = 0
        for i in range(len(bars.row)):
            end = bars.end[i]
            while following <= end:
                at_event = _next_instant(event, events.at)
                at_decision = _next_instant(decision, decisions.judged_at)
                at_close = _next_instant(session, sessions.close)
                following = min(at_event, at_decision, at_close + 1)
                if following > end:
                    break
                if at_event <= min(at_decision, at_close):
                    take_event(
                        event, events, decisions, decision, instruments, trades, account, flows
                    )
                    event += 1
                elif at_decision <= at_close:
                    take_decision(
                        decision, decisions, sessions, limits, instruments, trades, account,
                        outcomes, terms,
                    )  # fmt: skip
                    decision += 1
                else:
                    _close_session(
                        session, sessions, at_close, terms, instruments, trades, account, closes,
                        flows,
                    )  # fmt: skip
                    session += 1
            instrument = instruments[bars.row[i]]
            instrument.close, instrument.mark_ts = bars.values[i, 3], end
            if instrument.open_trades > 0:
                fills = _with_room(fills, account.fills + 2 * instrument.open_trades)
                o, h, l, c = bars.values[i, 0], bars.values[i, 1], bars.values[i, 2], bars.values[i, 3]  # fmt: skip # noqa: E741
                bar = Bar(i, bars.start[i], end, o, h, l, c)
                take_bar(bar, bars.values[i, 4], instrument, trades, account, fills, flows, terms)
                revalue(instrument, trades, account)
            if len(curve) > 0:
                curve[i, 0], curve[i, 1] = account.cash, account.value
        last = bars.end[len(bars.end) - 1]
        if session < len(sessions.close) and sessions.start[session] < last:
            at = min(last, sessions.close[session])
            _close_session(
                session, sessions, at, terms, instruments, trades, account, closes, flows
            )
        return fills, decision

    return run


VERSION = version_of(
    *(
        _compiled,
        _next_instant,
        _close_session,
        _with_room,
        take_event,
        take_decision,
        take_bar,
    ),
    *(revalue, charge_borrow, evaluate, exit_step, barrier_prices, deadline, session_index),
    *(price_against, units_within, fee_of, tick_against, nearest_minor, minor_up, scaled_nanos),
)

run = _compiled(int(VERSION[:15], 16))
