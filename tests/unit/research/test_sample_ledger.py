"""Thirteen years of AAPL and IBM with their splits and known dividends, in the line's own ledger."""

from collections import Counter

import numpy as np
import pytest

from alphaline.market.decision_times import decision_times
from alphaline.research.data import ResearchData, load_sample
from alphaline.runtime.places import checkout
from alphaline.trading.ledger import Ledger
from alphaline.trading.risk import read_limits
from alphaline.trading.simulation import (
    ENTER_LONG,
    ENTER_SHORT,
    Decisions,
    SimulationResult,
    SimulationTerms,
    checked_ledger,
    daily_market,
    judged_at_open,
    simulate,
)
from alphaline.trading.simulation.ledger import trial_balances
from alphaline.trading.strategy import read_strategy

CAPITAL = 10_000_000
HELD = 60  # sessions: of 13 years a good part is held through some ex-date


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


@pytest.fixture(scope="module")
def result(sample: ResearchData) -> SimulationResult:
    """Return both stocks, now long, now short, held for up to sixty sessions."""
    strategies = checkout() / "strategies"
    strategy = read_strategy((strategies / "daily_long_term_v1.yaml").read_bytes())
    profile = read_limits((strategies / "limits" / "research.yaml").read_bytes())
    market = daily_market(sample.bars, sample.actions, sample.sessions)
    random = np.random.default_rng(11)
    decided = np.flatnonzero(random.random(len(market)) < 0.05)
    decided = decided[market.end[decided] < market.end[-1] - 10**16]
    row, at = market.row[decided], np.searchsorted(sample.sessions.close, market.end[decided])
    known = decision_times(sample.sessions.session[at], sample.sessions)
    decisions = Decisions.of(
        known,
        row,
        random.choice([ENTER_LONG, ENTER_SHORT], len(decided)),
        market.closes_at(row, known),
        notional_minor=CAPITAL // 10,
        judged_at=judged_at_open(known, sample.sessions),
        stop_return=0.25,
        target_return=0.25,
        flat_at=sample.sessions.close[at + HELD],
    )
    terms = SimulationTerms(execution=strategy.execution, capital_minor=CAPITAL)
    return simulate(market, decisions, terms, profile, sample.instruments)


@pytest.fixture(scope="module")
def ledger(result: SimulationResult, sample: ResearchData) -> Ledger:
    return checked_ledger(result, sample.instruments)


def test_every_session_of_the_sample_closes_alike_in_ledger_and_account(
    result: SimulationResult, ledger: Ledger
) -> None:
    table = result.sessions_table()
    sums = trial_balances(ledger.entries, table["at"], result.market.instruments)
    assert len(table["at"]) > 3000
    assert not sum(sums.accounts.values(), start=np.zeros(len(table["at"]), np.int64)).any()
    profit = -sum(sums.accounts[name][-1] for name in sums.accounts if name != "cash")
    assert profit + result.value_minor == result.equity_minor - CAPITAL
    assert {name: int(sums.accounts[name][-1]) for name in ("fees", "borrow_fees")} == {
        "fees": result.costs()["fees"],
        "borrow_fees": result.costs()["borrow"],
    }
    assert -int(sums.accounts["dividends"][-1]) == int(table["dividends"].sum()) != 0


def test_the_sample_exercises_splits_dividends_and_borrowing(
    sample: ResearchData, ledger: Ledger
) -> None:
    kinds = Counter(entry.event.kind for entry in ledger.entries)
    assert kinds["fill"] > 200
    assert kinds["borrow"] > 1000
    splits = {e.event.ts_event for e in ledger.entries if e.event.kind == "split"}
    known = {
        int(sample.sessions.open[sample.sessions.index_of(event.session)])
        for event in sample.actions["eq.us.aapl"].events
        if event.kind == "split"
    }
    assert splits <= known
    assert splits
    paid = {(e.event.key.instrument, e.event.quantity > 0) for e in ledger.entries if e.event.kind == "dividend"}  # fmt: skip
    assert {instrument for instrument, _ in paid} == {"eq.us.aapl", "eq.us.ibm"}
    assert {is_long for _, is_long in paid} == {True, False}
