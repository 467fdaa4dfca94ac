"""Daily returns of positions that may be held over several sessions, marked at each close.

A return that is booked on the day of the exit hides what the account looked like on the way: the
drawdowns inside a holding vanish, and one large day stands where thirty small ones were. Sharpe
ratio, drawdown and value at risk are measures of daily returns, so open positions are marked daily.
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import SHORT
from alphaline.market.sessions import DAY_NS
from alphaline.validation.trades import Sides, Trades, TradingCosts

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedBars:
    """The bars of one instrument by which its trades were made.

    Parameters
    ----------
    ts_event
        int64 (n,): starts of the bars, UTC nanoseconds, strictly increasing.
    prices
        float64 (n, 4): open, high, low, close; the same prices that its labels were made of.
    """

    ts_event: Times
    prices: Floats


def marked_returns(
    trades: Trades,
    *,
    bars: TradedBars,
    costs: TradingCosts,
    sessions: Times,
    session_close: Times,
    reported: Times,
) -> Floats:
    """Return the net return of each reported session, float64 (R,); 0 where nothing was held.

    A position is on the capital of its entry and is marked at each close with the last bar before
    it; its returns are fractions of that capital and add up, with its costs, to its net return. It
    pays one side's costs in its session of entry, the other's in its session of exit, and borrowing
    night by night.

    Parameters
    ----------
    trades
        Of one instrument, from ``take_positions``.
    sessions, session_close
        int64 (S,): every session (midnight UTC of its date) and the close of its regular hours,
        strictly increasing.
    reported
        int64 (R,): the sessions to report, strictly increasing, all among ``sessions``.

    Raises
    ------
    DatasetError
        If a trade is held in a session that is not reported, or enters at no bar.
    """
    first = np.searchsorted(session_close, trades.t_entry, side="right")
    last = np.searchsorted(session_close, trades.t_exit, side="left")
    _require_known(trades, sessions, first, last, reported)
    entry_price = _entry_price(trades, bars)
    # -1, before the first bar: no trade is open there.
    at_close = np.searchsorted(bars.ts_event, session_close, side="left") - 1
    earned = _mark(
        first,
        last,
        trades.side,
        entry_price,
        trades.gross,
        bars.prices[np.maximum(at_close, 0), 3],
        sessions // DAY_NS,
        costs.one_side,
        costs.borrow_nightly,
    )
    return earned[np.searchsorted(sessions, reported)]


def held_ns(trades: Trades, session_open: Times, session_close: Times) -> int:
    """Return the nanoseconds of regular hours in which the trades held a position.

    Parameters
    ----------
    session_open, session_close
        int64 (S,): regular hours of the sessions that count.
    """
    return regular_ns(trades.t_entry, trades.t_exit, session_open, session_close)


def regular_ns(began: Times, ended: Times, session_open: Times, session_close: Times) -> int:
    """Return the nanoseconds of regular hours within the spans from ``began`` to ``ended``, added.

    Parameters
    ----------
    began, ended
        int64 (k,): UTC nanoseconds; a span that overlaps another counts beside it.
    session_open, session_close
        int64 (S,): regular hours of the sessions that count.
    """
    lengths = np.concatenate(([0], np.cumsum(session_close - session_open)))

    def open_before(at: Times) -> Times:
        index = np.searchsorted(session_open, at, side="right") - 1
        inside = np.minimum(at, session_close[np.maximum(index, 0)])
        started: Times = np.where(
            index >= 0, lengths[index] + inside - session_open[np.maximum(index, 0)], 0
        )
        return started

    return int(np.sum(open_before(ended) - open_before(began)))


@numba.njit(cache=True)
def _mark(
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    side: Sides,
    entry_price: Floats,
    gross: Floats,
    close: Floats,
    day: Times,
    one_side: float,
    borrow_nightly: float,
) -> Floats:
    earned = np.zeros(len(close))
    for k in range(len(first)):
        before = 0.0
        for s in range(first[k], last[k] + 1):
            value = gross[k] if s == last[k] else side[k] * (close[s] / entry_price[k] - 1.0)
            earned[s] += value - before
            before = value
            if side[k] == SHORT and s > first[k]:
                earned[s] -= (day[s] - day[s - 1]) * borrow_nightly
        earned[first[k]] -= one_side
        earned[last[k]] -= one_side
    return earned


def _entry_price(trades: Trades, bars: TradedBars) -> Floats:
    at = np.searchsorted(bars.ts_event, trades.t_entry)
    inside = np.minimum(at, len(bars.ts_event) - 1)
    strange = np.flatnonzero(bars.ts_event[inside] != trades.t_entry)
    if strange.size:
        raise DatasetError(
            "daily returns: expected every trade to enter at the start of a bar, saw "
            f"{trades.t_entry[strange[0]]} ns without one; pass the bars that the labels were made of"
        )
    return np.ascontiguousarray(bars.prices[inside, 0])


def _require_known(
    trades: Trades,
    sessions: Times,
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    reported: Times,
) -> None:
    late = np.flatnonzero(last >= len(sessions))
    if late.size:
        raise DatasetError(
            f"daily returns: expected sessions up to the last exit, saw an exit at "
            f"{trades.t_exit[late[0]]} ns after the last close; give the calendar more sessions"
        )
    is_reported = np.isin(sessions, reported)
    unreported = np.concatenate(([0], np.cumsum(~is_reported)))
    strange = np.flatnonzero(unreported[last + 1] > unreported[first])
    if strange.size:
        raise DatasetError(
            "daily returns: expected every trade to be held in sessions to report only, saw one from "
            f"{trades.t_entry[strange[0]]} to {trades.t_exit[strange[0]]} ns; pass all sessions of the "
            "test spans, and open nothing that may outlive them"
        )
