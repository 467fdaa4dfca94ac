"""What a simulation does beyond the paper account, how it answers bad input, and its tables."""

from math import inf, nan
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alphaline.errors import ContractError, DatasetError
from alphaline.market.instruments import InstrumentMaster
from alphaline.messages import MINUTE_NS
from alphaline.research.data import load
from alphaline.trading.simulation import (
    CLOSE,
    ENTER_LONG,
    ENTER_SHORT,
    CorporateEvents,
    Decisions,
    InstrumentBars,
    SimulationTerms,
    daily_market,
    judged_at_open,
    market_arrays,
    simulate,
)

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
CAPITAL = 10_000_000
SPY = "eq.us.spy"


@pytest.fixture(scope="session")
def terms(strategy):
    return SimulationTerms(execution=strategy.execution, capital_minor=CAPITAL)


@pytest.fixture(scope="session")
def flat_market(sessions, at):
    """Return a market whose price stands at 100 for 60 minutes from the 300th on."""

    def make(volume=100_000.0, opens=None, names=(SPY,), events=None):
        start = at(300) + np.arange(60) * MINUTE_NS
        values = np.full((60, 5), 100.0)
        values[:, 4] = volume
        if opens is not None:
            values[: len(opens), :4] = np.array(opens)[:, None]
        bars = InstrumentBars(start, start + MINUTE_NS, values)
        return market_arrays(dict.fromkeys(names, bars), sessions, events)

    return make


def table_of(result, *names):
    table = result.trades_table()
    return list(zip(*(table[name].tolist() for name in names), strict=True))


def test_a_close_leaves_at_the_next_open_and_counts_its_costs(
    flat_market, terms, strategy, profile, instruments, at
):
    execution = msgspec.structs.replace(
        strategy.execution, half_spread_ticks=1.0, slippage_bps=10.0
    )
    terms = SimulationTerms(execution=execution, capital_minor=CAPITAL)
    decisions = Decisions.of(
        np.array([at(305), at(320)]), 0, [ENTER_LONG, CLOSE], 100.0, quantity=100
    )
    result = simulate(flat_market(), decisions, terms, profile, instruments)
    assert table_of(result, "entry_at", "exit_at", "entry_price", "exit_price", "exit_reason") == [
        (at(305), at(321), 100.11, 99.89, "SIGNAL")
    ]
    assert table_of(result, "gross", "net", "spread", "slippage", "fees") == [
        (0, -2300, 200, 2000, 100)
    ]
    assert result.outcome_counts() == {"APPROVED": 1, "CLOSING": 1}


def test_a_close_cancels_what_is_not_filled_and_leaves_what_came_later(
    flat_market, terms, profile, instruments, at
):
    decisions = Decisions.of(
        np.array([at(305), at(307), at(307)]),
        0,
        [ENTER_LONG, CLOSE, ENTER_SHORT],
        100.0,
        quantity=100,
    )
    result = simulate(flat_market(volume=300.0), decisions, terms, profile, instruments)
    fills = result.fills_table()
    rows = list(zip(*(fills[n].tolist() for n in ("decision", "intent", "quantity")), strict=True))
    # Of 30 units a bar the exit takes all until it is through, then the short enters.
    assert rows[:5] == [
        (0, "entry", 30), (0, "entry", 30), (0, "exit", 30), (0, "exit", 30), (2, "entry", 30)
    ]  # fmt: skip
    assert int(result.positions[0]) == -100


def test_a_close_waits_for_its_latency(flat_market, strategy, profile, instruments, at):
    execution = msgspec.structs.replace(strategy.execution, latency_ms=250)
    terms = SimulationTerms(execution=execution, capital_minor=CAPITAL)
    decisions = Decisions.of(
        np.array([at(305), at(320)]), 0, [ENTER_LONG, CLOSE], 100.0, quantity=1
    )
    result = simulate(flat_market(), decisions, terms, profile, instruments)
    assert table_of(result, "entry_at", "exit_at") == [(at(306), at(322))]


def test_a_notional_buys_whole_lots_and_less_than_one_is_no_order(
    flat_market, terms, profile, spy, at
):
    master = InstrumentMaster([msgspec.structs.replace(spy, lot=10)])
    decisions = Decisions.of(
        np.array([at(305), at(306)]), 0, ENTER_LONG, 100.0, notional_minor=[1_999_999, 99_999]
    )
    result = simulate(flat_market(), decisions, terms, profile, master)
    assert result.outcomes.quantity.tolist() == [190, 0]
    assert result.outcome_counts() == {"APPROVED": 1, "QUANTITY_ZERO": 1}


def test_instruments_share_the_gross_exposure(flat_market, terms, profile, instruments, at):
    names = (SPY, "eq.us.other")
    limited = msgspec.structs.replace(profile, gross_exposure_minor=1_500_000)
    decisions = Decisions.of(
        np.full(3, at(305)), [0, 1, 1], [ENTER_LONG, ENTER_SHORT, ENTER_SHORT], 100.0,
        quantity=[100, 100, 50],
    )  # fmt: skip
    result = simulate(flat_market(names=names), decisions, terms, limited, instruments)
    assert [result.denials(number) for number in range(3)] == [(), ("GROSS_EXPOSURE_LIMIT",), ()]
    assert result.denials_by_code() == {"GROSS_EXPOSURE_LIMIT": 1}


def test_an_order_is_not_judged_by_what_ends_at_its_instant(
    flat_market, terms, profile, instruments, at
):
    decisions = Decisions.of(np.array([at(301)]), 0, ENTER_LONG, 100.0, quantity=1)
    result = simulate(flat_market(), decisions, terms, profile, instruments)
    assert result.denials(0) == ("MARK_STALE",)


def test_a_decision_after_the_last_bar_stays_pending(flat_market, terms, profile, instruments, at):
    decisions = Decisions.of(np.array([at(361)]), 0, ENTER_LONG, 100.0, quantity=1)
    result = simulate(flat_market(), decisions, terms, profile, instruments)
    assert result.outcome_counts() == {"PENDING": 1}


def test_an_open_trade_is_told_and_valued(flat_market, terms, profile, instruments, at):
    decisions = Decisions.of(np.array([at(305)]), 0, ENTER_SHORT, 100.0, quantity=100)
    market = flat_market(opens=[100.0] * 10 + [99.0] * 50)
    result = simulate(market, decisions, terms, profile, instruments)
    assert table_of(result, "held", "exit_at", "exit_reason") == [(100, -1, "OPEN")]
    assert (result.value_minor, result.equity_minor) == (-990_000, CAPITAL + 10_000 - 50)
    table = result.sessions_table()
    assert (table["short"].tolist(), table["long"].tolist()) == ([990_000], [0])
    assert table["traded"].tolist() == [1_000_000]
    assert table["equity"].tolist() == [CAPITAL + 9_950]


def test_cutting_the_market_changes_nothing_before_the_cut(
    flat_market, terms, profile, instruments, at
):
    random = np.random.default_rng(5)
    opens = np.round(100 + np.cumsum(random.normal(0, 0.3, 60)), 2)
    market = flat_market(opens=opens)
    decisions = Decisions.of(
        at(302) + np.arange(50) * MINUTE_NS, 0, random.choice([-1, 0, 1], 50), 100.0,
        quantity=20, stop_return=0.004, target_return=0.006, horizon_ns=7 * MINUTE_NS,
    )  # fmt: skip
    whole = simulate(market, decisions, terms, profile, instruments)
    for cut in range(1, 60):
        part = market_arrays(
            {SPY: InstrumentBars(market.start[:cut], market.end[:cut], market.values[:cut])},
            market.sessions,
        )
        seen = simulate(part, decisions, terms, profile, instruments)
        assert (whole.fills[: len(seen.fills)] == seen.fills).all()
        judged = decisions.judged_at <= part.end[-1]
        assert (seen.outcomes.denied == np.where(judged, whole.outcomes.denied, 0)).all()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, nan, "bar 7 of eq.us.spy: expected finite prices above zero"),
        (2, 101.0, "expected finite prices above zero with low <= open"),
        (3, -1.0, "expected finite prices above zero"),
        (4, -1.0, "expected a finite volume"),
        (4, inf, "expected a finite volume"),
    ],
)
def test_a_bar_that_cannot_be_is_named(flat_market, column, value, message):
    market = flat_market()
    market.values[7, column] = value
    with pytest.raises(DatasetError, match=message):
        rebuilt(market)


def rebuilt(market, **changes):
    given = {name: getattr(market, name) for name in market.__slots__} | changes
    return type(market)(**given)


def test_bars_out_of_order_overlapping_or_of_no_instrument_are_named(flat_market):
    market = flat_market()
    with pytest.raises(DatasetError, match="expected bars in order of their end"):
        rebuilt(market, start=market.start[::-1], end=market.end[::-1])
    with pytest.raises(DatasetError, match=r"bar 1 of eq\.us\.spy: expected no two bars"):
        rebuilt(market, start=market.start - MINUTE_NS)
    with pytest.raises(DatasetError, match="expected a row of the instruments"):
        rebuilt(market, row=market.row + 1)
    with pytest.raises(DatasetError, match="expected columns of one length"):
        rebuilt(market, row=market.row[1:])
    with pytest.raises(DatasetError, match="expected a bar that ends after it starts"):
        rebuilt(market, start=market.end)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reference_price": nan}, "row 0: expected a finite reference price"),
        ({"action": [1, 3]}, "row 1: expected an action of ENTER_LONG"),
        ({"quantity": [1, -1]}, "row 1: expected a quantity and a notional"),
        ({"stop_return": [0.0, 0.1]}, "row 0: expected stop_return and target_return above zero"),
        ({"flat_at": 0}, "row 0: expected horizon_ns and flat_at above zero"),
        ({"known_at": [2, 1]}, "row 1: expected known_at in ascending order"),
        ({"judged_at": [0, 2]}, "row 0: expected judged_at at or after known_at"),
    ],
)
def test_a_decision_that_makes_no_sense_is_named(changes, message):
    given = {"known_at": [1, 2], "row": 0, "action": 1, "reference_price": 100.0, "quantity": 1}
    with pytest.raises(ContractError, match=message):
        Decisions.of(**(given | changes))


def test_a_decision_on_no_instrument_is_refused(flat_market, terms, profile, instruments, at):
    decisions = Decisions.of(np.array([at(305)]), 1, ENTER_LONG, 100.0, quantity=1)
    with pytest.raises(ContractError, match="row 0: expected an instrument row from 0 to 0, saw 1"):
        simulate(flat_market(), decisions, terms, profile, instruments)


def test_currencies_are_not_mixed_and_foreign_limits_count_as_unset(
    flat_market, terms, profile, spy, at
):
    euro = msgspec.structs.replace(spy, id="eq.eu.other", currency="EUR")
    decisions = Decisions.of(np.array([at(305)]), 0, ENTER_LONG, 100.0, quantity=1)
    with pytest.raises(ContractError, match="instruments of one currency, saw EUR, USD"):
        simulate(
            flat_market(names=(SPY, euro.id)), decisions, terms, profile, InstrumentMaster([spy, euro])
        )  # fmt: skip
    alone = simulate(
        flat_market(names=(euro.id,)), decisions, terms, profile, InstrumentMaster([euro])
    )
    assert alone.denials(0) == ("LIMIT_UNSET", "LIMIT_UNSET")


@pytest.mark.parametrize(
    ("split", "dividend"), [(0.0, 0.0), (-1.0, 0.0), (nan, 0.0), (2.0, 0.5), (1.0, 0.0), (1.0, -1)]
)
def test_an_event_is_a_split_or_a_dividend(split, dividend):
    with pytest.raises(DatasetError, match="corporate events, row 0: expected a split ratio"):
        CorporateEvents(np.array([1]), np.array([0]), np.array([split]), np.array([dividend]))


def test_orders_between_sessions_are_judged_at_the_next_open(sessions):
    opened, close = sessions.open, sessions.close
    known = np.array([opened[0] - 1, opened[0], close[0] - 1, close[0], close[1] + 5])
    expected = [opened[0], opened[0], close[0] - 1, opened[1], opened[2]]
    assert judged_at_open(known, sessions).tolist() == expected
    with pytest.raises(DatasetError, match="extend it"):
        judged_at_open(close[-1:], sessions)


@pytest.fixture(scope="module")
def daily():
    return load(SAMPLE)


def test_a_holding_over_the_splits_of_apple_earns_what_its_adjusted_price_does(
    daily, profile, strategy
):
    wide = dict.fromkeys(("order_notional_minor", "gross_exposure_minor"), 10**14)
    wide |= dict.fromkeys(("order_quantity", "position_quantity"), 10**9)
    profile = msgspec.structs.replace(
        profile, **wide, features_max_age_ms=10**9, mark_max_age_ms=10**9
    )
    execution = msgspec.structs.replace(
        strategy.execution, fee_per_unit_minor=0 * strategy.execution.fee_per_unit_minor
    )
    bars = {"eq.us.aapl": daily.bars["eq.us.aapl"]}
    market = daily_market(bars, daily.actions, daily.sessions)
    known = market.end[:1]
    decisions = Decisions.of(
        known, 0, ENTER_LONG, market.values[:1, 3], quantity=1000,
        judged_at=judged_at_open(known, daily.sessions),
    )  # fmt: skip
    terms = SimulationTerms(execution=execution, capital_minor=10**9)
    master = InstrumentMaster([daily.instruments.require("eq.us.aapl")])
    result = simulate(market, decisions, terms, profile, master)
    adjusted = daily.adjusted("eq.us.aapl")
    units = 1000 * adjusted.split_factor[-1] / adjusted.split_factor[1]
    assert units > 1000
    assert int(result.positions[0]) == units
    dividends = int(result.account["dividends"])
    grown = 1000 * (adjusted.close[-1] - adjusted.values[1, 0]) / adjusted.split_factor[1]
    assert result.equity_minor - 10**9 - dividends == pytest.approx(100 * grown, abs=1)
    labels = result.sessions_table()["session"]
    assert (labels == bars["eq.us.aapl"].session).all()


def test_unknown_splits_and_missing_actions_are_refused(daily):
    bars = {"eq.us.aapl": daily.bars["eq.us.aapl"]}
    with pytest.raises(DatasetError, match=r"eq\.us\.aapl: expected its corporate actions"):
        daily_market(bars, {}, daily.sessions)
    actions = daily.actions["eq.us.aapl"]
    unknown = type(actions)(actions.instrument, (), ())
    with pytest.raises(DatasetError, match=r"eq\.us\.aapl, bar 1: expected that the splits of"):
        daily_market(bars, {"eq.us.aapl": unknown}, daily.sessions)


@pytest.mark.parametrize(("minute", "expected"), [(310, ("POSITION_LIMIT",)), (311, ())])
def test_an_entry_counts_until_the_instant_after_its_end(
    flat_market, terms, profile, instruments, at, minute, expected
):
    # No volume: nothing is filled, so that only what still works is counted.
    decisions = Decisions.of(
        np.array([at(305), at(minute)]), 0, ENTER_LONG, 100.0,
        quantity=600, entry_until=[at(310), at(350)],
    )  # fmt: skip
    result = simulate(flat_market(volume=0.0), decisions, terms, profile, instruments)
    assert result.denials(1) == expected
