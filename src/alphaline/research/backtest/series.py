"""What a simulated account and its benchmark were worth, session by session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.market.instruments import InstrumentMaster
from alphaline.metrics.financial import returns_of
from alphaline.research.benchmark import buy_and_hold, held_in_market
from alphaline.trading.simulation import SimulationResult

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SessionSeries:
    """Arrays of the T tested sessions, in order; money is in units of the currency.

    Parameters
    ----------
    sessions
        int64 (T,): labels (midnight UTC of the dates).
    equity, benchmark
        Account, and buy and hold of the same capital, at each regular close; float64 (T,).
    returns, benchmark_returns
        On the value at the close before, the first on the capital; NaN after a value of zero or less.
    long, short
        Value held on each side over the equity, positive fractions; float64 (T,). For bars of
        sessions at the close; for minutes the mean over the session's regular bars.
    traded
        Value bought and sold in each session over the capital; float64 (T,).
    """

    sessions: Times
    equity: Floats
    benchmark: Floats
    returns: Floats
    benchmark_returns: Floats
    long: Floats
    short: Floats
    traded: Floats


def session_series(
    result: SimulationResult, sessions: Times, instruments: InstrumentMaster, *, intraday: bool
) -> SessionSeries:
    """Return the series of a simulation over the tested sessions.

    Parameters
    ----------
    sessions
        int64 (T,): labels, ascending; at least one.
    intraday
        Whether nothing is held over a close, so that exposure is seen within sessions only.
    """
    money = float(result.minor_per_major)
    capital = result.capital_minor / money
    table = result.sessions_table()
    # A session in which the market has no bar shows the account as the one before left it.
    at = np.searchsorted(table["session"], sessions, side="right") - 1
    equity = np.where(at < 0, capital, table["equity"][at] / money)
    market = result.market
    benchmark = buy_and_hold(held_in_market(market), market.sessions, sessions, capital)
    if intraday:
        held = _within_sessions(result, sessions, instruments)
    else:
        held = np.where(at < 0, 0.0, np.stack([table["long"], table["short"]])[:, at] / money)
    over = np.where(equity > 0.0, equity, np.nan)
    return SessionSeries(
        sessions=sessions,
        equity=equity,
        benchmark=benchmark,
        returns=returns_of(equity, capital),
        benchmark_returns=returns_of(benchmark, capital),
        long=held[0] / over,
        short=held[1] / over,
        traded=_in_sessions(table["traded"], table["session"], sessions) / result.capital_minor,
    )


def _in_sessions(flow: NDArray[np.int64], own: Times, sessions: Times) -> Floats:
    # What happens in a session that is not tested counts with the next one that is.
    at = np.searchsorted(sessions, own)
    inside = at < len(sessions)
    sums = np.bincount(at[inside], weights=flow[inside], minlength=len(sessions))
    return sums.astype(np.float64)


def _within_sessions(
    result: SimulationResult, sessions: Times, instruments: InstrumentMaster
) -> Floats:
    market = result.market
    held = np.zeros((2, len(sessions)))
    for row, name in enumerate(market.instruments):
        mine = np.flatnonzero(market.row == row)
        own = result.fills["row"] == row
        moved = np.zeros(len(market))
        fills = result.fills[own]
        np.add.at(moved, fills["bar"], fills["direction"] * fills["quantity"])
        value = np.cumsum(moved[mine]) * market.values[mine, 3]
        value *= instruments.require(name).multiplier
        held += _means(result, market.start[mine], value, sessions)
    return held


def _means(result: SimulationResult, start: Times, value: Floats, sessions: Times) -> Floats:
    table = result.market.sessions
    index = np.searchsorted(table.session, sessions)
    first, last = (np.searchsorted(start, times[index]) for times in (table.open, table.close))
    sums = np.stack([np.r_[0.0, np.cumsum(np.maximum(side * value, 0.0))] for side in (1, -1)])
    means: Floats = (sums[:, last] - sums[:, first]) / np.maximum(last - first, 1)
    return means
