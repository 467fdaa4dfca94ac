"""What simulations compile answers as the line does, which runs the same functions uncompiled."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphaline.labels import compiled as compiled_exits
from alphaline.labels import exit_rule
from alphaline.market import compiled as compiled_market
from alphaline.market import instruments
from alphaline.market.sessions import DAY_NS, SessionTable
from alphaline.trading import compiled, fills, money
from alphaline.trading.money import LARGEST, LARGEST_PRICE

prices = st.floats(1e-9, 4e6)
ticks = st.sampled_from([1, 100_000, 10_000_000, 50_000_000, 1_000_000_000])
directions = st.sampled_from([instruments.BUY, instruments.SELL])
times = st.integers(0, 2**61)
returns = st.floats(1e-6, 10.0)


def same(plain, machine) -> None:
    """Hold two answers equal to the last bit; NaN is NaN."""
    assert np.array_equal(np.array(plain), np.array(machine), equal_nan=True)


@given(direction=directions, price=prices, tick=ticks)
@example(direction=instruments.BUY, price=0.1 + 0.2, tick=100_000_000)
def test_ticks(direction, price, tick):
    arguments = (direction, price, tick)
    same(instruments.tick_against(*arguments), compiled_market.tick_against(*arguments))


@given(days=st.lists(st.integers(0, 40), min_size=1, unique=True), ts=st.integers(-10, 400))
def test_sessions(days, ts):
    label = np.sort(days) * DAY_NS
    table = SessionTable(label, *(label + DAY_NS * tenth // 10 for tenth in (2, 4, 6, 8)))
    at = ts * DAY_NS // 10
    same(table.index_at(at), compiled_market.session_index(table.start, table.end, at))


@given(nanos=st.integers(-(2**62), 2**62), factor=st.integers(-LARGEST, LARGEST))
def test_products(nanos, factor):
    same(money.scaled_nanos(nanos, factor), compiled.scaled_nanos(nanos, factor))


@given(
    price=prices | st.sampled_from([math.inf, math.nan, LARGEST_PRICE, -1.0, 0.0]),
    scaled=st.integers(-LARGEST + 1, LARGEST - 1),
)
def test_money(price, scaled):
    same(money.nearest_minor(price, scaled), compiled.nearest_minor(price, scaled))
    same(money.minor_up(price, scaled), compiled.minor_up(price, scaled))


@given(
    direction=directions, price=prices, tick=ticks, half=st.floats(0, 1000), bps=st.floats(0, 1000)
)
def test_prices_of_fills(direction, price, tick, half, bps):
    arguments = (direction, price, tick, half, bps)
    same(fills.price_against(*arguments), compiled.price_against(*arguments))


@given(volume=st.floats(0, 1e12), lot=st.integers(1, 10_000), participation=st.floats(1e-6, 1.0))
def test_units_of_fills(volume, lot, participation):
    arguments = (volume, lot, participation)
    same(fills.units_within(*arguments), compiled.units_within(*arguments))


@given(quantity=st.integers(0, 10**9), nanos=st.integers(0, 10**18))
def test_fees(quantity, nanos):
    same(fills.fee_of(quantity, nanos), compiled.fee_of(quantity, nanos))


@given(start=times, horizon=times, flat=times)
def test_deadlines(start, horizon, flat):
    arguments = (start, horizon, flat)
    same(exit_rule.deadline(*arguments), compiled_exits.deadline(*arguments))


@pytest.mark.parametrize("side", [exit_rule.LONG, exit_rule.SHORT])
@given(
    entry=prices,
    stop=returns,
    target=returns,
    bar=st.tuples(*[prices] * 4),
    times=st.tuples(*[times] * 3),
)
def test_exits(side, entry, stop, target, bar, times):
    barriers = exit_rule.barrier_prices(side, entry, stop, target)
    same(barriers, compiled_exits.barrier_prices(side, entry, stop, target))
    arguments = (side, *barriers, *times, *bar)
    same(exit_rule.exit_step(*arguments), compiled_exits.exit_step(*arguments))
