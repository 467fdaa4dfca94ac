"""Buying the universe in equal parts and holding it: what a study and an account are compared with."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.market.sessions import SessionTable
from alphaline.metrics.financial import returns_of
from alphaline.research.prepared import PreparedData, TradedInstrument
from alphaline.trading.simulation import MarketArrays

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class HeldBars(NamedTuple):
    """What one unit of an instrument, held since its first bar, is worth and has brought.

    Parameters
    ----------
    start
        Starts of the bars, UTC nanoseconds; int64 (n,), ascending.
    opened, closed
        Prices times the units that splits have made of the one; float64 (n,).
    paid
        Known dividends on those units up to the start of each bar, as cash; float64 (n,).
    """

    start: Times
    opened: Floats
    closed: Floats
    paid: Floats


def held_in_market(market: MarketArrays) -> list[HeldBars]:
    """Return the instruments of a simulated market, with its splits and dividends."""
    return [_of_market(market, row) for row in range(len(market.instruments))]


def held_returns(data: PreparedData, reported: Times) -> Floats:
    """Return what holding the target instruments of a study earned in each reported session.

    Bought at the first open of the reported span; see `buy_and_hold`.

    Parameters
    ----------
    reported
        int64 (T,): labels of sessions of the data, ascending.

    Returns
    -------
    float64 (T,)
        On the value at the close before, the first on the capital.
    """
    held = [_of_study(one) for one in data.traded]
    return returns_of(buy_and_hold(held, data.sessions, reported, 1.0), 1.0)


def buy_and_hold(
    held: Sequence[HeldBars], table: SessionTable, sessions: Times, capital: float
) -> Floats:
    """Return what the capital has become at the close of each session; float64 (T,).

    Each instrument gets an equal part and is bought at its first open in or after the first session,
    without costs and in fractions of a unit; until then its part is cash. Nothing is sold or bought
    later. Splits multiply the units; known dividends stay as cash, unknown ones are not there.

    Parameters
    ----------
    sessions
        int64 (T,): labels of the table, ascending.
    capital
        In units of the currency.
    """
    index = np.searchsorted(table.session, sessions)
    opened, closes = int(table.open[index[0]]), table.close[index]
    values = _values(held, opened, closes, capital / len(held))
    total: Floats = np.sum(list(values), axis=0)
    return total


def _values(held: Sequence[HeldBars], opened: int, closes: Times, part: float) -> Iterator[Floats]:
    for one in held:
        bought = int(np.searchsorted(one.start, opened))
        last = np.searchsorted(one.start, closes) - 1
        value = np.full(len(closes), part)
        holds = last >= bought
        at = last[holds]
        if at.size:
            # A dividend whose ex-date is the day of the purchase goes to who sold.
            worth = one.closed[at] + one.paid[at] - one.paid[bought]
            value[holds] = part / one.opened[bought] * worth
        yield value


def _of_market(market: MarketArrays, row: int) -> HeldBars:
    mine, events = market.row == row, market.events
    own = events.row == row
    units = np.r_[1.0, np.cumprod(events.split[own])]
    # A dividend is per unit as counted after its own event.
    paid = np.r_[0.0, np.cumsum(units[1:] * events.dividend[own])]
    start, values = market.start[mine], market.values[mine]
    passed = np.searchsorted(events.at[own], start, side="right")
    opened, closed = values[:, 0] * units[passed], values[:, 3] * units[passed]
    return HeldBars(start, opened, closed, paid[passed])


def _of_study(one: TradedInstrument) -> HeldBars:
    bars = one.bars
    paid = np.zeros(len(bars.ts_event)) if one.dividends is None else np.cumsum(one.dividends)
    return HeldBars(bars.ts_event, bars.prices[:, 0], bars.prices[:, 3], paid)
