"""Buying the same instruments in equal parts and holding them."""

import numpy as np
from numpy.typing import NDArray

from alphaline.trading.simulation import MarketArrays

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def buy_and_hold(market: MarketArrays, sessions: Times, capital: float) -> Floats:
    """Return what the capital has become at the close of each session; float64 (T,).

    Each instrument gets an equal part and is bought at its first open in or after the first session,
    without costs and in fractions of a unit. Splits multiply the units; dividends that the market
    knows stay as cash.

    Parameters
    ----------
    sessions
        int64 (T,): labels among the market's sessions, ascending.
    capital
        In units of the currency.
    """
    index = np.searchsorted(market.sessions.session, sessions)
    opened, closes = market.sessions.open[index[0]], market.sessions.close[index]
    part = capital / len(market.instruments)
    held = (_held(market, row, int(opened), closes, part) for row in range(len(market.instruments)))
    value: Floats = np.sum(list(held), axis=0)
    return value


def _held(market: MarketArrays, row: int, opened: int, closes: Times, part: float) -> Floats:
    mine = market.row == row
    start, end, values = market.start[mine], market.end[mine], market.values[mine]
    bought = int(np.searchsorted(start, opened))
    if bought == len(start):
        return np.full(len(closes), part)
    events = market.events
    own = (events.row == row) & (events.at > start[bought])
    units = part / values[bought, 0] * np.r_[1.0, np.cumprod(events.split[own])]
    # A dividend is per unit as counted after its own event.
    cash = np.r_[0.0, np.cumsum(units[1:] * events.dividend[own])]
    passed = np.searchsorted(events.at[own], closes, side="right")
    last = np.searchsorted(end, closes, side="right") - 1
    value = units[passed] * values[np.maximum(last, 0), 3] + cash[passed]
    return np.where(last >= bought, value, part)
