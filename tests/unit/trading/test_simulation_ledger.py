"""A simulation's ledger agrees with its account at every close, whatever happened in between."""

from decimal import Decimal
from importlib import import_module

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import LedgerError
from alphaline.market.instruments import InstrumentMaster
from alphaline.trading.ledger import Book
from alphaline.trading.simulation import Owner, checked_ledger, ledger_of
from alphaline.trading.simulation.ledger import trial_balances
from tests.unit.trading.test_simulation_events import (
    CAPITAL,
    DAYS,
    NAMES,
    cents,
    made,
    simulated,
)

# The package gives the function that name.
simulate_module = import_module("alphaline.trading.simulation.simulate")


@pytest.fixture(scope="module")
def execution(strategy):
    return msgspec.structs.replace(
        strategy.execution,
        half_spread_ticks=1.0,
        slippage_bps=3.0,
        fee_per_unit_minor=Decimal("0.5"),
        borrow_annual_bps=300.0,
        valid_for_ms=864_000_000,
    )


@pytest.fixture(scope="module")
def pair(spy):
    return InstrumentMaster([msgspec.structs.replace(spy, id=name) for name in NAMES])


def run(seed, execution, pair, participation):
    bars, events, asked = made(seed)
    terms = msgspec.structs.replace(execution, participation=participation)
    return bars, simulated(bars, events, asked, terms, pair)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), participation=st.sampled_from([1.0, 1e-6, 1e-7]))
def test_cash_value_profit_and_costs_are_those_of_the_account(execution, pair, seed, participation):
    bars, result = run(seed, execution, pair, participation)
    ledger = checked_ledger(result, pair)
    table = result.sessions_table()
    sums = trial_balances(ledger.entries, table["at"], NAMES)
    assert (sum(sums.accounts.values()) == 0).all()
    held = [
        sum(cents(bars[row, day, 3], int(sums.units[day, row])) for row in (0, 1))
        for day in range(DAYS)
    ]
    assert table["value"].tolist() == held
    assert (CAPITAL + sums.accounts["cash"] + held).tolist() == table["equity"].tolist()
    profit = held - sum(amount for name, amount in sums.accounts.items() if name != "cash")
    assert profit.tolist() == (table["equity"] - CAPITAL).tolist()
    assert sums.units[-1].tolist() == result.positions.tolist()
    costs = result.costs()
    assert sums.accounts["fees"][-1] == costs["fees"]
    assert sums.accounts["borrow_fees"][-1] == costs["borrow"]
    # What spread and slippage cost is in the prices: the same fills at the market's come to less.
    fills = result.fills
    at_market = sum(
        int(direction) * (int(value) - cents(float(price), int(units)))
        for direction, value, price, units in zip(
            *(fills[name] for name in ("direction", "value", "market_price", "quantity")),
            strict=True,
        )
    )
    assert at_market == costs["spread"] + costs["slippage"]
    assert sums.cash["fill"][-1] == -sum((fills["direction"] * fills["value"]).tolist())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_entries_balance_in_order_of_time_and_fold_to_the_book(execution, pair, seed):
    _, result = run(seed, execution, pair, 1.0)
    owner = Owner("paper", "daily", "champion")
    ledger = ledger_of(result, pair, owner)
    folded = Book()
    for entry in ledger.entries:
        assert sum(line.amount_minor for line in entry.postings) == 0
        assert entry.event.key[:3] == tuple(owner)
        folded.add(msgspec.json.decode(msgspec.json.encode(entry), type=type(entry)))
    assert folded.balances == ledger.book.balances
    known = [entry.event.ts_known for entry in ledger.entries]
    assert known == sorted(known)
    assert len({entry.event.event_id for entry in ledger.entries}) == len(ledger.entries)
    again = ledger_of(result, pair, owner)
    assert again.entries == ledger.entries


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_trade_has_all_that_it_earned_in_its_events(execution, pair, seed):
    _, result = run(seed, execution, pair, 1e-6)
    by_decision: dict[str, int] = {}
    for entry in ledger_of(result, pair).entries:
        name = ".".join(entry.event.event_id.split(".")[:2])
        cash = sum(line.amount_minor for line in entry.postings if line.account == "cash")
        by_decision[name] = by_decision.get(name, 0) + cash
    trades = result.trades_table()
    expected = {
        f"decision.{decision}": net
        for decision, net in zip(trades["decision"].tolist(), trades["net"].tolist(), strict=True)
    }
    assert by_decision == expected


def test_flows_are_all_there_where_they_need_more_room(execution, pair, monkeypatch):
    roomy = run(3, execution, pair, 1.0)[1]
    assert len(roomy.flows) > 20
    monkeypatch.setattr(simulate_module, "_FLOWS_AT_FIRST", 7)
    narrow = run(3, execution, pair, 1.0)[1]
    np.testing.assert_array_equal(narrow.flows, roomy.flows)
    np.testing.assert_array_equal(narrow.sessions, roomy.sessions)
    np.testing.assert_array_equal(narrow.fills, roomy.fills)


def test_all_kinds_of_events_occur(execution, pair):
    kinds = {
        entry.event.kind
        for seed in range(5)
        for entry in ledger_of(run(seed, execution, pair, 1.0)[1], pair).entries
    }
    assert kinds == {"fill", "fee", "dividend", "split", "cash_in_lieu", "borrow"}


@pytest.mark.parametrize("of", ["fills", "flows", "sessions"])
def test_a_ledger_that_differs_from_the_account_is_refused_with_both_figures(execution, pair, of):
    _, result = run(3, execution, pair, 1.0)
    changed = getattr(result, of)
    if of == "fills":
        changed["price"][0] += 0.01
    elif of == "flows":
        changed["cash"][np.flatnonzero(changed["kind"] == 3)[0]] -= 1
    else:
        changed["value"][DAYS // 2] += 1
    with pytest.raises(LedgerError, match=r"session 2011-\d\d-\d\d: expected \w+ of -?\d+ minor"):
        checked_ledger(result, pair)
