"""Each trade pays for its fills at its own raw prices, as the simulation and a plain loop have it."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.deadlines import flat_times
from alphaline.labels.exit_rule import LONG, SHORT, ExitRule
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.market.instruments import NANOS
from alphaline.market.sessions import DAY_NS, SessionTable
from alphaline.messages import MINUTE_NS
from alphaline.trading.fill_costs import FillCosts
from alphaline.trading.risk import RiskProfile
from alphaline.trading.simulation import (
    CorporateEvents,
    Decisions,
    InstrumentBars,
    SimulationTerms,
    market_arrays,
    simulate,
)
from alphaline.validation.marked_returns import TradedBars, marked_returns
from alphaline.validation.trades import Trades, take_positions

DAYS = 60
MONDAY = 1_298_851_200_000_000_000  # 2011-02-28
CENT = Fraction(1, 100)
RULE = ExitRule(profit_target=0.03, stop_loss=0.02, horizon_sessions=4)
# Divisible by every split that is drawn, several times over: no fraction of a unit is left.
UNITS = 2**6 * 3**6 * 5**3
LIMITS = RiskProfile(
    risk_profile="wide",
    currency="USD",
    order_quantity=10**15,
    order_notional_minor=10**17,
    position_quantity=10**15,
    gross_exposure_minor=10**17,
    features_max_age_ms=10**9,
    mark_max_age_ms=10**9,
)


def week_days() -> SessionTable:
    labels = MONDAY + np.arange(DAYS * 2) * DAY_NS
    labels = labels[np.arange(len(labels)) % 7 < 5][: DAYS + 8]
    hours = (9 * 60, 14 * 60 + 30, 21 * 60, 24 * 60)
    return SessionTable(labels, *(labels + minutes * MINUTE_NS for minutes in hours))


SESSIONS = week_days()


class Market(NamedTuple):
    """Raw daily bars to the cent, the split at each open (1: none), and what was decided each day."""

    raw: np.ndarray
    split: np.ndarray
    sides: np.ndarray

    @property
    def bars(self) -> TradedBars:
        """Return the bars adjusted forward."""
        factor = np.cumprod(self.split)
        return TradedBars(
            ts_event=SESSIONS.open[:DAYS], prices=self.raw * factor[:, None], factor=factor
        )


def made(seed: int) -> Market:
    random = np.random.default_rng(seed)
    price = float(random.choice([3.0, 20.0, 150.0, 700.0]))
    raw, split = np.empty((DAYS, 4)), np.ones(DAYS)
    for day in range(DAYS):
        if day and random.random() < 0.06 and 1.0 < price < 2000.0:
            split[day] = float(random.choice([2.0, 3.0, 1.5, 0.5, 0.2]))
        price = max(price / split[day], 0.5)
        opened, closed = (price * np.exp(random.normal(0, 0.012)) for _ in range(2))
        wick = np.exp(abs(random.normal(0, 0.006)))
        bar = opened, max(opened, closed) * wick, min(opened, closed) / wick, closed
        raw[day] = np.round(bar, 2)
        price = raw[day, 3]
    return Market(raw, split, random.choice([LONG, 0, SHORT], DAYS).astype(np.int8))


def labels(bars: TradedBars, side: int) -> TripleBarrierLabels:
    count = len(bars.ts_event)
    closes = SESSIONS.close[:count]
    return triple_barrier(
        RULE,
        ts_event=bars.ts_event,
        prices=bars.prices,
        known_at=closes,
        flat_at=flat_times(RULE, SESSIONS, bars.ts_event),
        latency_ns=0,
        bar_end=closes,
        side=side,
    )


def traded(market: Market, costs: FillCosts) -> Trades:
    bars = market.bars
    return take_positions(
        market.sides,
        known_at=SESSIONS.close[:DAYS],
        longs=labels(bars, LONG),
        shorts=labels(bars, SHORT),
        costs=costs,
    )


def plain_exit(market: Market, side: int, enters: int, last: int) -> tuple[int, float, float]:
    """Walk the raw bars of a trade: day and raw price of its exit, units that one unit became."""
    opened = market.raw[enters, 0]
    stop, target = opened * (1 - side * 0.02), opened * (1 + side * 0.03)
    units = 1.0
    for day in range(enters, last + 1):
        o, h, low, c = market.raw[day]
        if day > enters:
            ratio = market.split[day]
            stop, target, units = stop / ratio, target / ratio, units * ratio
        if side * (o - stop) <= 0 or side * (o - target) >= 0:
            return day, o, units
        worst, best = (low, h) if side > 0 else (h, low)
        if side * (worst - stop) <= 0:
            return day, stop, units
        if side * (best - target) >= 0:
            return day, target, units
    return last, c, units


def plain_fill(direction: int, price: float, half_spread: Fraction, bps: Fraction) -> Fraction:
    """Return the price of a fill to the worse cent, a cent at least."""
    exact = Fraction(price) + direction * (half_spread * CENT + Fraction(price) * bps / 10_000)
    nanos = Fraction(round(exact * NANOS), NANOS)
    cents = ceil(nanos / CENT) if direction > 0 else floor(nanos / CENT)
    return max(cents * CENT, CENT)


def plain_net(market: Market, side: int, enters: int, last: int, terms: dict) -> float:
    day, leaves_at, units = plain_exit(market, side, enters, last)
    opened = market.raw[enters, 0]
    half, bps, fee = (Fraction(terms[name]) for name in ("half_spread_ticks", "bps", "fee"))
    paid = plain_fill(side, opened, half, bps)
    got = plain_fill(-side, leaves_at, half, bps)
    earned = side * (got * Fraction(units) - paid) - fee * CENT * (1 + Fraction(units))
    slept = int((SESSIONS.session[day] - SESSIONS.session[enters]) // DAY_NS)
    borrow = Fraction(terms["borrow"]) / 10_000 / 365 * slept if side == SHORT else 0
    return float(earned / Fraction(opened) - borrow)


@pytest.fixture(scope="module")
def execution(strategy):
    return msgspec.structs.replace(strategy.execution, participation=1.0, valid_for_ms=864_000_000)


@st.composite
def terms(draw) -> dict:
    return {
        "half_spread_ticks": draw(st.sampled_from([0.0, 0.5, 1.0, 2.5])),
        "bps": draw(st.sampled_from([0.0, 1.0, 2.0, 7.0])),
        "fee": draw(st.sampled_from(["0", "0.5", "0.35"])),
        "borrow": draw(st.sampled_from([0.0, 30.0, 500.0])),
    }


def fill_costs(execution, spy, market: Market, terms: dict) -> FillCosts:
    stated = msgspec.structs.replace(
        execution,
        half_spread_ticks=terms["half_spread_ticks"],
        slippage_bps=terms["bps"],
        fee_per_unit_minor=Decimal(terms["fee"]),
        borrow_annual_bps=terms["borrow"],
    )
    return FillCosts(execution=stated, instrument=spy, bars=market.bars)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), terms=terms())
def test_every_trade_nets_what_a_plain_loop_over_raw_prices_says(execution, spy, seed, terms):
    market = made(seed)
    costs = fill_costs(execution, spy, market, terms)
    trades = traded(market, costs)
    enters = np.searchsorted(SESSIONS.open, trades.t_entry)
    expected = [
        plain_net(market, int(side), int(at), int(decision) + RULE.horizon_sessions, terms)
        for side, at, decision in zip(trades.side, enters, trades.decision, strict=True)
    ]
    np.testing.assert_allclose(trades.net, expected, rtol=0, atol=1e-11)
    marked = marked_returns(
        trades,
        bars=market.bars,
        costs=costs,
        sessions=SESSIONS.session,
        session_close=SESSIONS.close,
        reported=SESSIONS.session,
    )
    assert marked.sum() == pytest.approx(trades.net.sum(), abs=1e-11)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), terms=terms(), cut=st.integers(2, DAYS - 1))
def test_another_future_changes_no_cost_of_a_trade_that_ended(execution, spy, seed, terms, cut):
    market = made(seed)
    other = market._replace(raw=market.raw.copy(), split=market.split.copy())
    other.raw[cut:] = np.round(other.raw[cut:] * 0.1 + 0.5, 2)
    other.split[cut] = 10.0
    costs, others = (fill_costs(execution, spy, one, terms) for one in (market, other))
    trades = traded(market, costs)
    ended = trades.t_exit < SESSIONS.open[cut]
    asked = [one[ended] for one in (trades.side, trades.t_entry, trades.t_exit, trades.gross)]
    limit = int(SESSIONS.open[cut])
    for seen in (costs, others, costs.before(limit), others.before(limit)):
        paid = seen.of_trades(*asked)
        np.testing.assert_array_equal(paid.entry, trades.entry_cost[ended])
        np.testing.assert_array_equal(paid.exit, trades.exit_cost[ended])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), terms=terms())
@example(seed=1, terms={"half_spread_ticks": 1.0, "bps": 2.0, "fee": "0.5", "borrow": 0.0})
def test_trades_cost_what_the_simulation_of_events_charges(
    execution, spy, instruments, seed, terms
):
    # Borrowing is apart: the simulation charges it on each close, a study on the entry's value.
    terms = terms | {"borrow": 0.0}
    market = made(seed)
    costs = fill_costs(execution, spy, market, terms)
    trades = traded(market, costs)
    if not len(trades.net):
        return
    table = simulated(market, trades, costs.execution, instruments)
    assert table["exit_at"].tolist() == trades.t_exit.tolist()
    enters = np.searchsorted(SESSIONS.open, trades.t_entry)
    capital_minor = market.raw[enters, 0] * UNITS * 100
    # The money of a fill is rounded to half a cent at most, its fee up by less than one: 3 cents a
    # round trip, and as much again for the float of the exit price times the many units.
    np.testing.assert_allclose(table["net"], trades.net * capital_minor, rtol=0, atol=6.0)
    paid = trades.gross - trades.net
    charged = table["spread"] + table["slippage"] + table["fees"]
    np.testing.assert_allclose(charged, paid * capital_minor, rtol=0, atol=6.0)


def simulated(market: Market, trades: Trades, execution, instruments):
    bars = InstrumentBars(
        SESSIONS.open[:DAYS], SESSIONS.close[:DAYS], np.c_[market.raw, np.full(DAYS, 1e15)]
    )
    splits = np.flatnonzero(market.split != 1.0)
    events = CorporateEvents(
        SESSIONS.open[splits], np.zeros(len(splits), np.int64), market.split[splits], splits * 0.0
    )
    arrays = market_arrays({"eq.us.spy": bars}, SESSIONS, events)
    enters = np.searchsorted(SESSIONS.open, trades.t_entry)
    # A split between decision and entry rescales the order: it is stated in units of before.
    units = np.round(UNITS / market.split[enters]).astype(np.int64)
    decisions = Decisions.of(
        SESSIONS.close[trades.decision],
        0,
        trades.side,
        market.raw[trades.decision, 3],
        quantity=units,
        judged_at=SESSIONS.open[enters],
        stop_return=RULE.stop_loss,
        target_return=RULE.profit_target,
        flat_at=SESSIONS.close[trades.decision + RULE.horizon_sessions],
    )
    terms = SimulationTerms(execution=execution, capital_minor=10**12)
    return simulate(arrays, decisions, terms, LIMITS, instruments).trades_table()


def test_a_cent_weighs_ten_times_as_much_at_a_tenth_of_the_price(execution, spy):
    raw = np.full((DAYS, 4), 200.0)
    raw[DAYS // 2 :] = 20.0
    market = Market(raw, np.ones(DAYS), np.zeros(DAYS, np.int8))
    stated = {"half_spread_ticks": 1.0, "bps": 0.0, "fee": "0", "borrow": 0.0}
    costs = fill_costs(execution, spy, market, stated)
    days = np.array([3, DAYS - 3])
    paid = costs.of_trades(
        np.array([LONG, LONG], np.int8), SESSIONS.open[days], SESSIONS.close[days], np.zeros(2)
    )
    assert paid.entry == pytest.approx([0.01 / 200, 0.01 / 20])
    assert paid.exit == pytest.approx(paid.entry)


def test_after_a_split_the_exit_pays_for_every_unit_that_there_is(execution, spy):
    split = np.ones(DAYS)
    split[5] = 7.0
    raw = np.full((DAYS, 4), 700.0)
    raw[5:] = 100.0
    market = Market(raw, split, np.zeros(DAYS, np.int8))
    stated = {"half_spread_ticks": 0.0, "bps": 0.0, "fee": "0.5", "borrow": 0.0}
    paid = fill_costs(execution, spy, market, stated).of_trades(
        np.array([LONG], np.int8), SESSIONS.open[[4]], SESSIONS.close[[6]], np.zeros(1)
    )
    assert paid.entry == pytest.approx([0.005 / 700])
    assert paid.exit == pytest.approx([7 * 0.005 / 700])


def test_the_terms_are_stated_without_a_price(execution, spy):
    one, other = (
        fill_costs(
            execution,
            spy,
            made(seed),
            {"half_spread_ticks": 1.0, "bps": 2.0, "fee": "0.5", "borrow": 30.0},
        )
        for seed in (1, 2)
    )
    assert one.chosen() == other.chosen()
    assert one.chosen() == {
        "half_spread_ticks": 1.0,
        "tick": 0.01,
        "slippage_bps": 2.0,
        "fee_per_unit_minor": 0.5,
        "borrow_annual_bps": 30.0,
    }


def test_a_trade_that_enters_at_no_bar_is_refused(execution, spy):
    costs = fill_costs(execution, spy, made(0), {"half_spread_ticks": 1.0, "bps": 2.0, "fee": "0", "borrow": 0.0})  # fmt: skip
    with pytest.raises(DatasetError, match="start of a bar"):
        costs.of_trades(
            np.array([LONG], np.int8), SESSIONS.open[[3]] + 1, SESSIONS.close[[3]], np.zeros(1)
        )
