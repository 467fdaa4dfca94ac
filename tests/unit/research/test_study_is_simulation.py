"""A study's trades and daily returns on the sample are those of the simulation of events, dollar for dollar.

Sides are drawn, not predicted: what is compared is the arithmetic of prices, splits and costs, and that
needs no model.
"""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from alphaline.labels.exit_rule import LONG, SHORT
from alphaline.market.corporate_actions import CorporateActions
from alphaline.research.backtest.decisions import offered
from alphaline.research.daily import prepare_daily
from alphaline.research.data import ResearchData, load_sample
from alphaline.research.outcomes import Stitched
from alphaline.research.prepared import PreparedData
from alphaline.runtime.places import checkout
from alphaline.trading.risk import RiskProfile
from alphaline.trading.simulation import (
    MarketArrays,
    SimulationResult,
    SimulationTerms,
    checked_ledger,
    daily_market,
    simulate,
)
from alphaline.trading.strategy import Strategy, read_strategy
from alphaline.validation.marked_returns import marked_returns
from alphaline.validation.trades import Sides, Trades, take_positions

# A hundred million dollars a position: a cent of rounding is 1e-10 of it.
CAPITAL = 10**10
LIMITS = RiskProfile(
    risk_profile="research",
    currency="USD",
    order_quantity=10**12,
    order_notional_minor=10**15,
    position_quantity=10**12,
    gross_exposure_minor=10**15,
    features_max_age_ms=10 * 86_400_000,
    mark_max_age_ms=10 * 86_400_000,
)


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


@pytest.fixture(scope="module")
def market(sample: ResearchData) -> MarketArrays:
    """Return the raw bars with their splits; volume without bounds, and no dividends, as in a study."""
    splits = {
        name: CorporateActions(name, tuple(e for e in own.events if e.kind == "split"), own.spans)
        for name, own in sample.actions.items()
    }
    whole = daily_market(sample.bars, splits, sample.sessions)
    values = whole.values.copy()
    values[:, 4] = 1e15
    return replace(whole, values=values)


def strategy(name: str) -> Strategy:
    """Return the strategy without borrowing, which the two charge on different values."""
    whole = read_strategy((checkout() / "strategies" / f"{name}.yaml").read_bytes())
    free = msgspec.structs.replace(whole.execution, borrow_annual_bps=0.0, participation=1.0)
    large = msgspec.structs.replace(whole.sizing, capital_minor=CAPITAL)
    return msgspec.structs.replace(whole, execution=free, sizing=large)


@pytest.fixture(scope="module", params=["daily_short_term_v1", "daily_long_term_v1"])
def prepared(request: pytest.FixtureRequest, sample: ResearchData) -> tuple[Strategy, PreparedData]:
    own = strategy(request.param)
    return own, prepare_daily(own, sample)


def drawn(own: Strategy, data: PreparedData, seed: int) -> Stitched:
    """Return sides of some decisions, of those that have the volatility which sizes positions."""
    random = np.random.default_rng(seed)
    often = random.choice([0.02, 0.2, 1.0])
    sides = random.choice([LONG, SHORT], len(data)) * (random.random(len(data)) < often)
    sigma = data.features[:, data.columns.index(own.sizing.sigma_column)]
    rows, sides = np.arange(len(data)), (sides * np.isfinite(sigma)).astype(np.int8)
    trades = tuple(positions(data, index, sides) for index in range(len(data.traded)))
    return Stitched(rows, sides, trades)


def positions(data: PreparedData, index: int, sides: Sides) -> Trades:
    mine = data.rows_of(index)
    made = take_positions(
        sides[mine],
        known_at=data.known_at[mine],
        longs=data.longs.at(mine),
        shorts=data.shorts.at(mine),
        costs=data.traded[index].costs,
    )
    return replace(made, decision=mine[made.decision])


@pytest.mark.parametrize("seed", range(6))
def test_trades_and_closes_of_a_study_are_those_of_the_simulation(
    sample: ResearchData,
    market: MarketArrays,
    prepared: tuple[Strategy, PreparedData],
    seed: int,
) -> None:
    own, data = prepared
    stitched = drawn(own, data, seed)
    asked = offered(own, market, data, stitched)
    terms = SimulationTerms(execution=own.execution, capital_minor=CAPITAL)
    result = simulate(market, asked.decisions, terms, LIMITS, sample.instruments)
    table, profit = result.trades_table(), np.zeros(len(data.sessions))
    for index, made in enumerate(stitched.trades):
        mine = table["instrument"] == data.instruments[index]
        order = np.argsort(table["entry_at"][mine])
        seen = {name: column[mine][order] for name, column in table.items()}
        assert asked.rows[seen["decision"]].tolist() == made.decision.tolist()
        assert seen["side"].tolist() == made.side.tolist()
        assert seen["entry_at"].tolist() == made.t_entry.tolist()
        assert seen["exit_at"].tolist() == made.t_exit.tolist()
        entered = opened(sample, data, index, made) * seen["quantity"] * 100
        # Fees are rounded up to a cent on each fill: two cents of ten million dollars and more.
        np.testing.assert_allclose(seen["net"] / entered, made.net, rtol=0, atol=3e-9)
        profit += marked(data, index, made) * invested(data, made, entered)
    compare_closes(data, result, profit)
    checked_ledger(result, sample.instruments)


def opened(sample: ResearchData, data: PreparedData, index: int, made: Trades) -> np.ndarray:
    """Return the raw open at which each trade was entered."""
    bars = sample.bars[data.instruments[index]]
    return bars.values[np.searchsorted(bars.opens_at(sample.sessions), made.t_entry), 0]


def marked(data: PreparedData, index: int, made: Trades) -> np.ndarray:
    return marked_returns(
        made,
        bars=data.traded[index].bars,
        costs=data.traded[index].costs,
        sessions=data.sessions.session,
        session_close=data.sessions.close,
        reported=data.sessions.session,
    )


def invested(data: PreparedData, made: Trades, entered: np.ndarray) -> np.ndarray:
    """Return the value at entry of the position of each session: one at a time, so that there is one."""
    value = np.zeros(len(data.sessions))
    first = np.searchsorted(data.sessions.close, made.t_entry, side="right")
    last = np.searchsorted(data.sessions.close, made.t_exit, side="left")
    for began, ended, paid in zip(first, last, entered, strict=True):
        assert not value[began : ended + 1].any()
        value[began : ended + 1] = paid
    return value


def compare_closes(data: PreparedData, result: SimulationResult, profit: np.ndarray) -> None:
    table = result.sessions_table()
    at = np.searchsorted(data.sessions.session, table["session"])
    assert (data.sessions.session[at] == table["session"]).all()
    earned = np.diff(table["equity"], prepend=result.capital_minor)
    # A cent for each fee and half for each value of the two instruments; the rest is floats of 1e10.
    np.testing.assert_allclose(earned, profit[at], rtol=0, atol=8.0)
    assert profit.any()
    assert not np.delete(profit, at).any()
