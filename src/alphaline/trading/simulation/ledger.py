"""A simulation in the line's own ledger: its fills and flows, posted by the functions that paper trading uses.

The simulation counts cash as it goes; the ledger finds it again from fill prices, units and postings. That
both agree at every close is a check of either, and `checked_ledger` demands it.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast

import numpy as np

from alphaline.errors import LedgerError
from alphaline.market.instruments import BUY, InstrumentMaster
from alphaline.market.session_labels import iso
from alphaline.messages import Fill, Lane
from alphaline.trading.ledger import Entry, Ledger, events_of_fill
from alphaline.trading.money import value_minor
from alphaline.trading.orders import Intent
from alphaline.trading.postings import ACCOUNTS, EventKind, LedgerEvent, LedgerKey
from alphaline.trading.simulation.columns import Floats, Ints
from alphaline.trading.simulation.market import MarketArrays
from alphaline.trading.simulation.records import FLOW_NAMES
from alphaline.trading.simulation.result import SimulationResult

# What a session's row says of money that moved, and which kind of event moves it.
_CASH_BY_KIND: dict[str, EventKind] = {
    "dividends": "dividend",
    "settled": "cash_in_lieu",
    "fees": "fee",
    "borrow": "borrow",
}
_PAID = ("fees", "borrow")


class Owner(NamedTuple):
    """Under whose name a simulation is posted."""

    portfolio_id: str = "research"
    strategy_id: str = "simulation"
    lane: Lane = "candidate"


class TrialBalances(NamedTuple):
    """Sums of a ledger at each of S instants; int64, minor units.

    Parameters
    ----------
    accounts
        Of each account of ``ACCOUNTS``, debits positive; (S,). They sum to zero.
    cash
        Received by kind of event; (S,).
    units
        Held of each instrument; (S, instruments).
    """

    accounts: dict[str, Ints]
    cash: dict[str, Ints]
    units: Ints


def checked_ledger(
    result: SimulationResult, instruments: InstrumentMaster, owner: Owner | None = None
) -> Ledger:
    """Return the ledger of a simulation, once it agrees with the account at every session close.

    Compared are cash, the value of what is held, fees, borrow fees, dividends and cash in lieu. The
    ledger starts at zero: its cash is the account's less the capital. Spread and slippage are in the
    prices of the fills and so in the profit, not on accounts of their own.

    Parameters
    ----------
    instruments
        With which it was simulated.

    Raises
    ------
    LedgerError
        For the first session that differs, with both figures.
    """
    ledger = ledger_of(result, instruments, owner)
    table = result.sessions
    sums = trial_balances(ledger.entries, table["at"], result.market.instruments)
    found = {
        "cash": result.capital_minor + sums.accounts["cash"],
        "value": _values(result.market, table["at"], sums.units, instruments),
        **{
            name: -sums.cash[kind] if name in _PAID else sums.cash[kind]
            for name, kind in _CASH_BY_KIND.items()
        },
    }
    for name, seen in found.items():
        differing = np.flatnonzero(seen != table[name])
        if differing.size:
            at = int(differing[0])
            raise LedgerError(
                f"simulation, session {iso(int(table['session'][at]))}: expected {name} of "
                f"{table[name][at]} minor units in the ledger as in the account, saw {seen[at]}; the two "
                "count differently, so neither figure holds"
            )
    return ledger


def ledger_of(
    result: SimulationResult, instruments: InstrumentMaster, owner: Owner | None = None
) -> Ledger:
    """Return a ledger that holds every fill, fee, dividend, split and borrow fee of a simulation.

    Entries are in the order in which the account took them; ids follow from that order.
    """
    ledger = Ledger()
    for event in ledger_events(result, instruments, owner or Owner()):
        ledger.record(event)
    return ledger


def ledger_events(
    result: SimulationResult, instruments: InstrumentMaster, owner: Owner
) -> Iterator[LedgerEvent]:
    """Yield the ledger events of a simulation in the order in which the account took them."""
    flows, done = result.flows, 0
    for number in range(len(result.fills)):
        # A flow knows how many fills were before it.
        until = done + int(np.searchsorted(flows["fills"][done:], number, side="right"))
        yield from (_flow_event(result, at, instruments, owner) for at in range(done, until))
        done = until
        fill = _fill(result, number, instruments, owner)
        yield from events_of_fill(fill, instruments.require(fill.instrument))
    yield from (_flow_event(result, at, instruments, owner) for at in range(done, len(flows)))


def trial_balances(entries: list[Entry], at: Ints, instruments: tuple[str, ...]) -> TrialBalances:
    """Return the sums over the entries that were known at each instant of ``at``.

    Parameters
    ----------
    entries
        In order of ``ts_known``.
    at
        UTC nanoseconds; int64 (S,).
    instruments
        Order of the columns of ``units``.
    """
    upto = np.searchsorted([entry.event.ts_known for entry in entries], at, side="right")
    columns = {name: place for place, name in enumerate(instruments)}
    accounts = {name: np.zeros(len(entries), np.int64) for name in ACCOUNTS}
    kinds = ("fill", *_CASH_BY_KIND.values())
    cash = {kind: np.zeros(len(entries), np.int64) for kind in kinds}
    units = np.zeros((len(entries), len(instruments)), np.int64)
    for row, entry in enumerate(entries):
        for line in entry.postings:
            accounts[line.account][row] += line.amount_minor
            units[row, columns[entry.event.key.instrument]] += line.quantity
            if line.account == "cash":
                cash[entry.event.kind][row] += line.amount_minor
    return TrialBalances(
        accounts={name: _upto(moved, upto) for name, moved in accounts.items()},
        cash={kind: _upto(moved, upto) for kind, moved in cash.items()},
        units=_upto(units, upto),
    )


def _upto(moved: Ints, upto: Ints) -> Ints:
    start = np.zeros((1, *moved.shape[1:]), np.int64)
    sums: Ints = np.concatenate([start, np.cumsum(moved, axis=0)])[upto]
    return sums


def _fill(
    result: SimulationResult, number: int, instruments: InstrumentMaster, owner: Owner
) -> Fill:
    fill, market = result.fills[number], result.market
    name = market.instruments[int(fill["row"])]
    decision_id = f"decision.{int(fill['decision'])}"
    intent: Intent = "exit" if fill["is_exit"] else "entry"
    return Fill(
        fill_id=f"{decision_id}.{intent}.fill.{number}",
        order_id=f"{decision_id}.{intent}",
        decision_id=decision_id,
        portfolio_id=owner.portfolio_id,
        strategy_id=owner.strategy_id,
        lane=owner.lane,
        instrument=name,
        intent=intent,
        side="buy" if fill["direction"] == BUY else "sell",
        quantity=int(fill["quantity"]),
        price=float(fill["price"]),
        fee_minor=int(fill["fee"]),
        currency=instruments.require(name).currency,
        ts_event=int(market.start[fill["bar"]]),
        ts_known=int(market.end[fill["bar"]]),
    )


def _flow_event(
    result: SimulationResult, number: int, instruments: InstrumentMaster, owner: Owner
) -> LedgerEvent:
    flow = result.flows[number]
    name = result.market.instruments[int(flow["row"])]
    kind = cast("EventKind", FLOW_NAMES[int(flow["kind"])])
    return LedgerEvent(
        event_id=f"decision.{int(flow['decision'])}.{kind}.{number}",
        kind=kind,
        key=LedgerKey(*owner, name, instruments.require(name).currency),
        quantity=int(flow["units"]),
        value_minor=abs(int(flow["cash"])),
        ts_event=int(flow["at"]),
        ts_known=int(flow["known"]),
    )


def _values(market: MarketArrays, at: Ints, units: Ints, instruments: InstrumentMaster) -> Ints:
    values = np.zeros(len(at), np.int64)
    for row, name in enumerate(market.instruments):
        instrument, marks = instruments.require(name), _marks(market, row, at)
        for place in np.flatnonzero(units[:, row]):
            values[place] += value_minor(float(marks[place]), int(units[place, row]), instrument)
    return values


def _marks(market: MarketArrays, row: int, at: Ints) -> Floats:
    # The last close, for units as they count by then: a split since that close has changed them.
    mine = np.flatnonzero(market.row == row)
    last = mine[np.maximum(np.searchsorted(market.end[mine], at, side="right") - 1, 0)]
    marks: Floats = market.values[last, 3]
    events = market.events
    for number in np.flatnonzero((events.row == row) & (events.split != 1.0)):
        is_since = (market.end[last] < events.at[number]) & (events.at[number] <= at)
        marks[is_since] /= events.split[number]
    return marks
