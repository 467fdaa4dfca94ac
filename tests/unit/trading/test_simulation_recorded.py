"""The line's backtest and a simulation on the recorded SPY minutes of early March 2011."""

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from alphaline.market.instruments import parse_instruments
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS, Bar, FeatureVector
from alphaline.trading.backtest import Backtest, BacktestMinute, run_backtest
from alphaline.trading.risk import read_limits
from alphaline.trading.simulation import (
    ENTER_LONG,
    ENTER_SHORT,
    Decisions,
    InstrumentBars,
    SimulationTerms,
    market_arrays,
    simulate,
    volatility_notional,
)
from alphaline.trading.strategy import read_strategy

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "sample"
SPY = "eq.us.spy"
COLUMNS = ("momentum", "ewma_vol_60")
FIRST, LAST = "2011-03-01", "2011-03-08"
CAPITAL = 10_000_000


@pytest.fixture(scope="module")
def master():
    return parse_instruments((SAMPLE / "instruments.yaml").read_bytes(), "instruments.yaml")


@pytest.fixture(scope="module")
def calendar():
    names = ("session", "start", "open", "close", "end")
    table = pl.read_parquet(SAMPLE / "xnys_sessions.parquet").sort("start")
    return SessionTable(*(table[name].to_numpy() for name in names))


@pytest.fixture(scope="module")
def week():
    """Return the bars (start, o h l c v) with a seeded probability and the volatility of each."""
    bars = pl.read_parquet(SAMPLE / "spy_minute_2011.parquet").sort("ts_event")
    first, last = (np.datetime64(day).astype("datetime64[ns]").astype(int) for day in (FIRST, LAST))
    bars = bars.filter(pl.col("ts_event").is_between(first, last))
    values = bars.select("open", "high", "low", "close", "volume").to_numpy().astype(float)
    returns = np.diff(np.log(values[:, 3]), prepend=np.nan)
    sigma = pl.Series(returns).fill_nan(None).ewm_std(span=60, min_samples=60).to_numpy()
    probability = np.random.default_rng(11).random(len(values)).astype(np.float32)
    return bars["ts_event"].to_numpy().astype(np.int64), values, probability, sigma


@pytest.fixture(scope="module")
def recorded_strategy():
    whole = read_strategy((ROOT / "strategies/spy_intraday_v1.yaml").read_bytes())
    return msgspec.structs.replace(whole, max_missing_features=0)


@pytest.fixture(scope="module")
def demo_profile():
    return read_limits((ROOT / "strategies/limits/demo.yaml").read_bytes())


def minutes_of(week):
    """Return every minute from the first bar to the last, those without a bar included."""
    start, values, probability, sigma = week
    place = {int(ts): number for number, ts in enumerate(start)}
    for ts in range(int(start[0]) + MINUTE_NS, int(start[-1]) + 2 * MINUTE_NS, MINUTE_NS):
        number = place.get(ts - MINUTE_NS)
        if number is None:
            yield BacktestMinute(ts, ts - MINUTE_NS, [], [])
            continue
        o, h, low, c, volume = values[number].tolist()
        bar = Bar(
            instrument=SPY, ts_event=ts - MINUTE_NS, ts_known=ts, open=o, high=h, low=low, close=c,
            volume=volume, venue="ARCX",
        )  # fmt: skip
        known = None if np.isnan(sigma[number]) else float(sigma[number])
        vector = FeatureVector(
            instrument=SPY, ts_event=ts - MINUTE_NS, ts_known=ts, feature_set="intraday_v1",
            values=(float(probability[number]), known), status="kk", close=c, engine="e",
        )  # fmt: skip
        yield BacktestMinute(ts, ts - MINUTE_NS, [vector], [bar])


@pytest.fixture(scope="module")
def line(week, recorded_strategy, demo_profile, master, calendar, deployed):
    own = msgspec.structs.replace(
        deployed, strategy_id=recorded_strategy.strategy_id, entry_long=0.9, entry_short=0.1
    )
    backtest = Backtest(
        recorded_strategy, demo_profile, master, calendar, COLUMNS, lambda rows: rows[:, 0], own
    )
    return run_backtest(backtest, minutes_of(week)), backtest


def market_of(week, calendar):
    start, values, _, _ = week
    return market_arrays({SPY: InstrumentBars(start, start + MINUTE_NS, values)}, calendar)


@pytest.fixture(scope="module")
def simulated(week, line, recorded_strategy, demo_profile, master, calendar):
    asked = line[0].proposals
    exits = [proposal.exit for proposal in asked]
    decisions = Decisions.of(
        np.array([proposal.line_time for proposal in asked]),
        0,
        np.array([ENTER_LONG if p.side == "buy" else ENTER_SHORT for p in asked]),
        np.array([proposal.reference_price for proposal in asked]),
        quantity=np.array([proposal.quantity for proposal in asked]),
        stop_return=np.array([one.stop_return for one in exits]),
        target_return=np.array([one.target_return for one in exits]),
        horizon_ns=np.array([one.horizon_ns for one in exits]),
        flat_at=np.array([one.flat_at for one in exits]),
        valid_until=np.array([proposal.valid_until for proposal in asked]),
    )
    terms = SimulationTerms(
        execution=recorded_strategy.execution, capital_minor=CAPITAL, has_curve=True
    )
    return simulate(market_of(week, calendar), decisions, terms, demo_profile, master)


def test_every_judgement_is_the_lines(line, simulated):
    result, _ = line
    assert len(result.verdicts) > 500
    for number, verdict in enumerate(result.verdicts):
        assert simulated.denials(number) == tuple(denial.code for denial in verdict.denials)
    expected = Counter(code for v in result.verdicts for code in {d.code for d in v.denials})
    assert simulated.denials_by_code() == expected
    assert len(expected) > 2


def test_every_fill_is_the_lines_in_the_same_order(line, simulated):
    result, _ = line
    numbers = {proposal.decision_id: n for n, proposal in enumerate(result.proposals)}
    expected = [
        (numbers[f.decision_id], f.intent, f.side, f.quantity, f.price, f.fee_minor, f.ts_event)
        for f in result.fills
    ]
    table = simulated.fills_table()
    names = ("decision", "intent", "side", "quantity", "price", "fee", "ts_event")
    assert list(zip(*(table[name].tolist() for name in names), strict=True)) == expected
    assert len(expected) > 100


def test_money_is_the_ledgers(line, simulated):
    result, backtest = line
    (balance,) = backtest.account.book.balances.values()
    assert simulated.cash_minor - CAPITAL == balance.cash_minor
    assert simulated.costs()["fees"] == balance.fees_minor
    assert int(simulated.positions[0]) == balance.quantity == 0
    assert int(simulated.trades_table()["net"].sum()) == balance.realised_minor - balance.fees_minor
    curve = dict(zip(simulated.market.end.tolist(), simulated.curve.sum(axis=1).tolist(), strict=True))  # fmt: skip
    for ts, points in result.equity:
        if ts in curve:
            assert curve[ts] - CAPITAL == sum(point.profit_minor for point in points)


def test_volatility_targets_give_the_lines_quantities(week, line, recorded_strategy, simulated):
    start, _, _, sigma = week
    known = {int(ts) + MINUTE_NS: float(one) for ts, one in zip(start, sigma, strict=True)}
    asked = simulated.decisions
    notional = volatility_notional(
        recorded_strategy.sizing,
        np.array([known[int(ts)] for ts in asked.known_at]),
        recorded_strategy.bars_per_year,
    )
    targeted = Decisions.of(
        asked.known_at, asked.row, asked.action, asked.reference_price, notional_minor=notional
    )
    terms = SimulationTerms(execution=recorded_strategy.execution, capital_minor=CAPITAL)
    unlimited = simulate(
        simulated.market,
        targeted,
        terms,
        read_limits(b"risk_profile: none\ncurrency: USD\n"),
        parse_instruments((SAMPLE / "instruments.yaml").read_bytes(), "instruments.yaml"),
    )
    assert unlimited.outcomes.quantity.tolist() == [p.quantity for p in line[0].proposals]
    assert set(unlimited.denials_by_code()) >= {"LIMIT_UNSET"}
    assert unlimited.denials(0).count("LIMIT_UNSET") == 6
