"""Daily returns of positions that may be held over several sessions, marked at each close.

A return that is booked on the day of the exit hides what the account looked like on the way: the
drawdowns inside a holding vanish, and one large day stands where thirty small ones were. Sharpe
ratio, drawdown and value at risk are measures of daily returns, so open positions are marked daily.
"""

from dataclasses import dataclass, replace
from typing import Self

import numba
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import SHORT
from alphaline.market.sessions import DAY_NS
from alphaline.validation.trades import Sides, Trades
from alphaline.validation.trading_costs import Costs

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
    factor
        float64 (n,): by what the prices are adjusted forward for splits, so that ``prices / factor``
        was traded at; None: the prices themselves were.
    """

    ts_event: Times
    prices: Floats
    factor: Floats | None = None

    def before(self, limit: int) -> Self:
        """Return the bars that start before ``limit`` (UTC nanoseconds)."""
        kept = int(np.searchsorted(self.ts_event, limit))
        return replace(
            self,
            ts_event=self.ts_event[:kept],
            prices=self.prices[:kept],
            factor=None if self.factor is None else self.factor[:kept],
        )

    def starting_at(self, ts: Times) -> NDArray[np.intp]:
        """Return the index of the bar that starts at each instant of ``ts``; intp (k,).

        Raises
        ------
        DatasetError
            If there is none.
        """
        at = np.searchsorted(self.ts_event, ts)
        inside = np.minimum(at, len(self.ts_event) - 1)
        strange = np.flatnonzero(self.ts_event[inside] != ts)
        if strange.size:
            raise DatasetError(
                "trades: expected every trade to enter at the start of a bar, saw "
                f"{ts[strange[0]]} ns without one; pass the bars that the labels were made of"
            )
        return inside


def marked_returns(
    trades: Trades,
    *,
    bars: TradedBars,
    costs: Costs,
    sessions: Times,
    session_close: Times,
    reported: Times,
) -> Floats:
    """Return the net return of each reported session, float64 (R,); 0 where nothing was held.

    A position is on the capital of its entry and is marked at each close with the last bar before
    it; its returns are fractions of that capital and add up, with its costs, to its net return. It
    pays the costs of its entry and its exit in their sessions, and borrowing night by night.

    Parameters
    ----------
    trades
        Of one instrument, from ``take_positions``, with the costs of entry and exit.
    costs
        By which they were made; read for borrowing.
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
    entry_price = np.ascontiguousarray(bars.prices[bars.starting_at(trades.t_entry), 0])
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
        trades.entry_cost,
        trades.exit_cost,
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
    entry_cost: Floats,
    exit_cost: Floats,
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
        earned[first[k]] -= entry_cost[k]
        earned[last[k]] -= exit_cost[k]
    return earned


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
