"""Splits, dividends, borrow fees and closes by signal, beside a plain account kept in fractions."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alphaline.market.instruments import NANOS, InstrumentMaster
from alphaline.market.sessions import DAY_NS, SessionTable
from alphaline.messages import MINUTE_NS
from alphaline.trading.risk import RiskProfile
from alphaline.trading.simulation import (
    CLOSE,
    ENTER_LONG,
    ENTER_SHORT,
    CorporateEvents,
    Decisions,
    InstrumentBars,
    SimulationTerms,
    judged_at_open,
    market_arrays,
    simulate,
)

MONDAY = 1_298_851_200_000_000_000  # 2011-02-28
DAYS = 30
CAPITAL = 10**9
FEE = Fraction(1, 2)
NAMES = ("eq.us.other", "eq.us.spy")


def week_days():
    labels = MONDAY + np.arange(DAYS * 2) * DAY_NS
    labels = labels[np.arange(len(labels)) % 7 < 5][: DAYS + 1]
    hours = (9 * 60, 14 * 60 + 30, 21 * 60, 24 * 60)
    return SessionTable(labels, *(labels + minutes * MINUTE_NS for minutes in hours))


SESSIONS = week_days()


@pytest.fixture(scope="module")
def fine(spy):
    """Return two instruments whose prices step by 1e-9: no rounding to a tick beside the cents."""
    return InstrumentMaster([msgspec.structs.replace(spy, id=name, tick_nanos=1) for name in NAMES])


@pytest.fixture(scope="module")
def execution(strategy):
    return msgspec.structs.replace(
        strategy.execution,
        participation=1.0,
        fee_per_unit_minor=Decimal("0.5"),
        borrow_annual_bps=120.0,
        valid_for_ms=864_000_000,
    )


LIMITS = RiskProfile(
    risk_profile="wide",
    currency="USD",
    order_quantity=10**9,
    order_notional_minor=10**14,
    position_quantity=10**9,
    gross_exposure_minor=10**14,
    features_max_age_ms=10**9,
    mark_max_age_ms=10**9,
)


def cents(price, units):
    return floor(Fraction(round(price * NANOS) * units * 100, NANOS) + Fraction(1, 2))


@dataclass
class Held:
    """One trade of the plain account: ``side * units`` at work from its entry on."""

    row: int
    side: int
    units: int
    stop: float
    target: float
    last_day: int
    fraction: float = 0.0
    leaves: bool = False


class PlainAccount:
    """Whole days in plain steps: events, entries and exits at the open, barriers, close, borrow."""

    def __init__(self):
        self.cash, self.held, self.fees, self.borrow = CAPITAL, [], 0, 0
        self.dividends, self.settled, self.equity = 0, 0, []

    def trade(self, direction, price, units):
        """Buy or sell at a price, with the fee."""
        if units:
            fee = ceil(FEE * units)
            self.cash -= direction * cents(price, units) + fee
            self.fees += fee

    def events(self, row, split, dividend):
        """Apply a split, then a dividend, to what is held."""
        for one in (held for held in self.held if held.row == row):
            total = (one.units + one.fraction) * split
            one.units = floor(total + 1e-9)
            one.fraction = total - one.units if total - one.units > 1e-9 else 0.0
            one.stop, one.target = one.stop / split, one.target / split
            paid = one.side * cents(dividend, one.units)
            self.cash, self.dividends = self.cash + paid, self.dividends + paid

    def settle(self, row, opened):
        """Pay for fractions at the open."""
        for one in (held for held in self.held if held.row == row and held.fraction):
            paid = one.side * cents(opened * one.fraction, 1)
            self.cash, self.settled = self.cash + paid, self.settled + paid
            one.fraction = 0.0
        self.held = [one for one in self.held if one.units or one.fraction]

    def leave(self, one, price):
        """Close a trade."""
        self.trade(-one.side, price, one.units)
        self.held.remove(one)

    def day(self, number, row, bar):
        """End the trades that a bar ends."""
        opened, high, low, closed = bar
        for one in [held for held in self.held if held.row == row]:
            price = self.exit_price(one, number, opened, high, low, closed)
            if price is not None:
                self.leave(one, price)

    @staticmethod
    def exit_price(one, number, opened, high, low, closed):
        """Return the price at which a bar ends a trade, None where it goes on."""
        is_long = one.side > 0
        if one.leaves or (opened <= one.stop if is_long else opened >= one.stop):
            return opened
        if opened >= one.target if is_long else opened <= one.target:
            return opened
        if low <= one.stop if is_long else high >= one.stop:
            return one.stop
        if high >= one.target if is_long else low <= one.target:
            return one.target
        return closed if number >= one.last_day else None

    def close(self, nights, closes):
        """Charge shorts and value what is held at the close."""
        for one in (held for held in self.held if held.side < 0):
            value = ceil(Fraction(round(closes[one.row] * NANOS) * one.units * 100, NANOS))
            fee = ceil(Fraction(value * 120 * nights, 10_000 * 365))
            self.cash, self.borrow = self.cash - fee, self.borrow + fee
        net = [0, 0]
        for one in self.held:
            net[one.row] += one.side * one.units
        self.equity.append(self.cash + sum(cents(closes[row], net[row]) for row in (0, 1)))


def made(seed):
    """Return bars float64 (2, days, 4), events and decisions by day, all drawn from one seed."""
    random = np.random.default_rng(seed)
    bars = np.empty((2, DAYS, 4))
    events, asked = [], []
    for row in (0, 1):
        price = float(random.uniform(20, 400))
        for day in range(DAYS):
            split, dividend = 1.0, 0.0
            if day and random.random() < 0.12:
                split = float(random.choice([2.0, 3.0, 1.5, 0.5, 0.1, 1 / 3, 7.0]))
            if day and random.random() < 0.12:
                dividend = round(float(random.uniform(0.01, 2.0)), 3)
            price = max(price / split, 0.5)
            opened, closed = (float(price * np.exp(random.normal(0, 0.02))) for _ in range(2))
            wick = np.exp(abs(random.normal(0, 0.01)))
            bars[row, day] = opened, max(opened, closed) * wick, min(opened, closed) / wick, closed
            price = closed
            events.append((day, row, split, dividend))
    for day in range(DAYS - 1):
        for row in (0, 1):
            if random.random() < 0.4:
                action = int(random.choice([ENTER_LONG, ENTER_SHORT, CLOSE]))
                units = int(random.choice([1, 7, 100, 333, 5001]))
                stop, target = (float(random.choice([0.01, 0.03, 0.1, inf])) for _ in range(2))
                asked.append((day, row, action, units, stop, target, int(random.integers(1, 8))))
    return bars, events, asked


def act(account, day, bars, asked):
    """Enter at the open of ``day``, or mark what is held to leave there."""
    _, row, action, units, stop, target, sessions = asked
    if action == CLOSE:
        for one in (held for held in account.held if held.row == row):
            one.leaves = True
    elif units:
        opened = bars[row, day, 0]
        barriers = (opened * (1 - action * stop), opened * (1 + action * target))
        account.trade(action, opened, units)
        account.held.append(Held(row, action, units, *barriers, day + sessions - 1))


def plain(bars, events, asked):
    account = PlainAccount()
    waiting = []
    for day in range(DAYS):
        for _, row, split, dividend in (event for event in events if event[0] == day):
            account.events(row, split, dividend)
            for one in (one for one in waiting if one[1] == row):
                one[3] = floor(one[3] * split + 1e-9)
        for row in (0, 1):
            account.settle(row, bars[row, day, 0])
        for asked_for in waiting:
            act(account, day, bars, asked_for)
        for row in (0, 1):
            account.day(day, row, bars[row, day].tolist())
        labels = SESSIONS.session
        account.close(int((labels[day + 1] - labels[day]) // DAY_NS), bars[:, day, 3].tolist())
        waiting = [list(one) for one in asked if one[0] == day]
    return account


def simulated(bars, events, asked, execution, instruments):
    one_day = {
        name: InstrumentBars(
            SESSIONS.open[:DAYS], SESSIONS.close[:DAYS], np.c_[bars[row], np.full(DAYS, 1e9)]
        )
        for row, name in enumerate(NAMES)
    }
    rows = []
    for day, row, split, dividend in sorted(events):
        at = int(SESSIONS.open[day])
        rows += [(at, row, split, 0.0)] * (split != 1.0) + [(at, row, 1.0, dividend)] * (dividend > 0)  # fmt: skip
    columns = np.array(rows, dtype=float).reshape(-1, 4).T
    at = np.array([row[0] for row in rows], dtype=np.int64)
    market = market_arrays(
        one_day,
        SESSIONS,
        CorporateEvents(at, columns[1].astype(np.int64), columns[2], columns[3]),
    )
    day, row, action, units, stop, target, horizon = (
        np.array(column) for column in zip(*asked, strict=True)
    )
    known = SESSIONS.close[day]
    decisions = Decisions.of(
        known, row, action, market.closes_at(row, known),
        quantity=np.where(action == CLOSE, 0, units), judged_at=judged_at_open(known, SESSIONS),
        stop_return=stop, target_return=target,
        flat_at=SESSIONS.close[np.minimum(day + horizon, DAYS)],
    )  # fmt: skip
    terms = SimulationTerms(execution=execution, capital_minor=CAPITAL)
    return simulate(market, decisions, terms, LIMITS, instruments)


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=1)
def test_a_month_of_events_equals_the_plain_account_to_the_cent(execution, fine, seed):
    bars, events, asked = made(seed)
    if not asked:
        return
    expected = plain(bars, events, asked)
    seen = simulated(bars, events, asked, execution, fine)
    table = seen.sessions_table()
    assert table["equity"].tolist() == expected.equity
    assert seen.cash_minor == expected.cash
    costs = seen.costs()
    assert (costs["fees"], costs["borrow"]) == (expected.fees, expected.borrow)
    assert int(table["dividends"].sum()) == expected.dividends
    assert int(table["settled"].sum()) == expected.settled


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), half_spread=st.floats(0, 3), bps=st.floats(0, 30))
def test_cash_value_and_costs_reconcile(execution, spy, seed, half_spread, bps):
    bars, events, asked = made(seed)
    if not asked:
        return
    instruments = InstrumentMaster([msgspec.structs.replace(spy, id=name) for name in NAMES])
    terms = msgspec.structs.replace(
        execution, half_spread_ticks=half_spread, slippage_bps=bps, participation=1e-7
    )
    seen = simulated(bars, events, asked, terms, instruments)
    trades, fills = seen.trades_table(), seen.fills_table()
    assert seen.cash_minor == CAPITAL + int(trades["net"].sum())
    moved = {name: int(seen.account[name]) for name in ("borrow", "dividends", "settled")}
    flows = moved["dividends"] + moved["settled"] - moved["borrow"]
    assert seen.cash_minor == CAPITAL + int(fills["cash"].sum()) + flows
    for name, total in seen.costs().items():
        assert int(trades[name].sum()) == total >= 0
    last = {row: bars[row, DAYS - 1, 3] for row in (0, 1)}
    assert seen.value_minor == sum(cents(last[row], int(seen.positions[row])) for row in (0, 1))
    at_market = -np.where(fills["side"] == "buy", 1, -1) * [
        cents(price, int(units))
        for price, units in zip(fills["market_price"], fills["quantity"], strict=True)
    ]
    assert int(trades["gross"].sum()) == int(at_market.sum()) + moved["settled"]
    assert max(fills["quantity"], default=0) <= 100


def test_the_calendar_gives_three_nights_at_a_week_end(execution, fine):
    bars = np.full((2, DAYS, 4), 100.0)
    asked = [(0, 0, ENTER_SHORT, 1000, inf, inf, 28)]
    table = simulated(bars, [], asked, execution, fine).sessions_table()
    night = ceil(Fraction(10_000_000 * 120, 10_000 * 365))
    assert table["borrow"][:6].tolist() == [
        *(0, night, night, night, ceil(Fraction(3 * 10_000_000 * 120, 10_000 * 365)), night)
    ]
