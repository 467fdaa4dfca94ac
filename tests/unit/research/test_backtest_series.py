"""What account and benchmark were worth: beside a plain second way, with splits, dividends and minutes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.market.sessions import DAY_NS, SessionTable
from alphaline.messages import MINUTE_NS
from alphaline.metrics.catalogue import MEASURES
from alphaline.research.backtest import BacktestRun
from alphaline.research.backtest.bridge import bridge
from alphaline.research.backtest.measures import (
    backtest_headlines,
    backtest_measures,
    inputs,
    study_measures,
)
from alphaline.research.backtest.run import trade_costs
from alphaline.research.backtest.series import session_series
from alphaline.research.benchmark import buy_and_hold, held_in_market, held_returns
from alphaline.trading.simulation import (
    ENTER_LONG,
    ENTER_SHORT,
    CorporateEvents,
    Decisions,
    InstrumentBars,
    MarketArrays,
    SimulationTerms,
    market_arrays,
    simulate,
)
from tests.unit.research.made_backtest import LIMITS, Made, made_market, made_strategy, master
from tests.unit.research.made_data import INSTRUMENTS, calendar

CAPITAL = 100_000.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("trials"))


@pytest.fixture(scope="module")
def run(made: Made) -> BacktestRun:
    return made.run()


def events_of(rows: list[tuple[int, int, float, float]]) -> CorporateEvents:
    at, row, split, dividend = zip(*sorted(rows), strict=True)
    return CorporateEvents(
        np.array(at, np.int64), np.array(row, np.int64), np.array(split), np.array(dividend)
    )


def daily(closes: np.ndarray, events: CorporateEvents | None = None) -> MarketArrays:
    """Return bars of each column of ``closes`` that open where the one before closed."""
    table = calendar(len(closes))
    opens = np.vstack([closes[:1], closes[:-1]])
    bars = {
        name: InstrumentBars(
            np.array(table.open),
            np.array(table.close),
            np.column_stack(
                [
                    opens[:, n],
                    np.maximum(opens, closes)[:, n],
                    np.minimum(opens, closes)[:, n],
                    closes[:, n],
                    np.full(len(closes), 1e6),
                ]
            ),
        )
        for n, name in enumerate(INSTRUMENTS[: closes.shape[1]])
    }
    return market_arrays(bars, table, events)


@settings(max_examples=50)
@given(data=st.data(), count=st.integers(2, 30), instruments=st.integers(1, 2))
def test_buy_and_hold_is_units_times_price_and_cash(
    data: st.DataObject, count: int, instruments: int
) -> None:
    prices = st.floats(5.0, 200.0)
    closes = np.array([[data.draw(prices) for _ in range(instruments)] for _ in range(count)])
    table = calendar(count)
    kinds = st.sampled_from([(2.0, 0.0), (0.5, 0.0), (1.0, 0.4), None])
    drawn = [
        (int(table.open[day]), row, *kind)
        for day in range(1, count)
        for row in range(instruments)
        if (kind := data.draw(kinds)) is not None
    ]
    market = daily(closes, events_of(drawn) if drawn else None)
    first = data.draw(st.integers(0, count - 1))
    found = buy_and_hold(held_in_market(market), table, table.session[first:], CAPITAL)
    opens = np.vstack([closes[:1], closes[:-1]])
    units, cash = CAPITAL / instruments / opens[first], np.zeros(instruments)
    for day in range(first, count):
        for at, row, split, dividend in drawn:
            if day > first and at == table.open[day]:
                units[row] *= split
                cash[row] += units[row] * dividend
        assert found[day - first] == pytest.approx(float(np.sum(units * closes[day] + cash)))


def test_an_instrument_that_begins_later_is_cash_until_then() -> None:
    table = calendar(6)
    level = np.full((6, 1), 50.0)
    early = daily(level)
    late = InstrumentBars(
        np.array(table.open[3:]), np.array(table.close[3:]), np.full((3, 5), 10.0)
    )
    bars = {
        INSTRUMENTS[0]: InstrumentBars(early.start, early.end, early.values),
        INSTRUMENTS[1]: late,
    }
    found = buy_and_hold(held_in_market(market_arrays(bars, table)), table, table.session, CAPITAL)
    np.testing.assert_allclose(found, CAPITAL)


def test_study_and_account_are_compared_with_the_same(run: BacktestRun, made: Made) -> None:
    found = held_returns(made.data, run.series.sessions)
    np.testing.assert_allclose(found, run.series.benchmark_returns, atol=1e-12)


def test_a_split_and_a_dividend_change_nothing_but_the_dividend(
    made: Made, run: BacktestRun
) -> None:
    day, ratio, dividend = 150, 2.0, 0.25
    at = int(made.data.sessions.open[day])
    market = made_market(made.data, events_of([(at, 0, ratio, 0.0), (at, 0, 1.0, dividend)]))
    after = (market.row == 0) & (market.start >= at)
    market.values[after, :4] /= ratio
    market.values[after, 4] *= ratio
    split = made.run(market=market)
    moved = (split.series.equity - run.series.equity) / run.capital
    paid = split.result.account["dividends"] / split.result.capital_minor
    assert paid != 0
    # The tick is as wide as before, at half the price: costs rise by fractions of a basis point.
    assert moved[-1] == pytest.approx(float(paid), abs=0.01)
    steps = {one.name: one for one in bridge(split)}
    assert steps["dividends"].value == pytest.approx(float(paid))
    assert steps["dividends"].trades == 1


def test_every_measure_is_the_catalogues_of_the_accounts_own_history(run: BacktestRun) -> None:
    found, trades = backtest_measures(run), run.trades()
    equity = np.r_[run.capital, run.series.equity]
    returns = equity[1:] / equity[:-1] - 1
    assert found["total_return"] == pytest.approx(equity[-1] / equity[0] - 1)
    assert found["sharpe_ratio"] == pytest.approx(
        np.mean(returns) / np.std(returns, ddof=1) * np.sqrt(252)
    )
    assert found["hit_rate"] == pytest.approx(np.mean(trades["net"] > 0))
    assert found["cost_share"] == pytest.approx(
        trade_costs(trades).sum() / np.maximum(trades["gross"], 0).sum()
    )
    traded = (trades["entry_value"] + trades["exit_value"]).sum() / run.result.capital_minor
    assert found["turnover"] == pytest.approx(traded / len(returns) * 252)
    assert not any(MEASURES[name].family == "prediction" for name in found)
    headlines = backtest_headlines(run)
    assert headlines["sharpe_ratio"].estimate == pytest.approx(found["sharpe_ratio"])


def test_time_with_a_position_counts_an_overlap_once(made: Made, run: BacktestRun) -> None:
    further = made.run(overlapping=True)
    known, trades = inputs(further), further.trades()
    tested = set(further.series.sessions.tolist())
    columns = (trades[name].tolist() for name in ("instrument", "entry_at", "exit_at"))
    held = {
        (name, day)
        for name, began, ended in zip(*columns, strict=True)
        for day in range(began // DAY_NS, ended // DAY_NS + 1)
        if day * DAY_NS in tested
    }
    # Every made trade is from the open of a session to the close of another, and sessions are alike.
    session_ns = known["open_ns"] // len(tested)
    assert known["held_ns"] == pytest.approx(len(held) * session_ns / 2)
    assert known["held_ns"] < known["open_ns"]


def test_the_studys_measures_are_those_that_it_recorded(made: Made, run: BacktestRun) -> None:
    recorded = made.result.outcome("rolling").metrics
    found = study_measures(run)
    for name in ("sharpe_ratio", "total_return", "maximum_drawdown", "annual_volatility"):
        assert found[name] == pytest.approx(recorded[f"financial_{name}"])


def test_within_a_session_exposure_is_the_mean_over_its_regular_bars() -> None:
    table = calendar(3)
    start = np.concatenate(
        [np.arange(o - MINUTE_NS, o + 10 * MINUTE_NS, MINUTE_NS) for o in table.open]
    )
    values = np.full((len(start), 5), 100.0)
    values[:, 4] = 1e6
    short_table = SessionTable(
        table.session, table.start, table.open, table.open + 10 * MINUTE_NS, table.end
    )
    market = market_arrays(
        {"eq.us.spy": InstrumentBars(start, start + MINUTE_NS, values)}, short_table
    )
    known = np.array([table.open[0] + MINUTE_NS, table.open[1] + 5 * MINUTE_NS])
    decisions = Decisions.of(
        known, 0, np.array([ENTER_LONG, ENTER_SHORT]), 100.0, quantity=500,
        horizon_ns=4 * MINUTE_NS, flat_at=short_table.close[:2],
    )  # fmt: skip
    free = {"half_spread_ticks": 0.0, "slippage_bps": 0.0, "fee_per_unit_minor": "0"}
    terms = SimulationTerms(execution=made_strategy(free).execution, capital_minor=10_000_000)
    result = simulate(market, decisions, terms, LIMITS, master())
    found = session_series(result, table.session, master(), intraday=True)
    # Held at the ends of three of ten bars, and closed in the fourth.
    np.testing.assert_allclose(found.long, [0.5 * 3 / 10, 0, 0])
    np.testing.assert_allclose(found.short, [0, 0.5 * 3 / 10, 0])
    np.testing.assert_allclose(found.equity, CAPITAL)
    np.testing.assert_allclose(found.traded, [1.0, 1.0, 0.0])
