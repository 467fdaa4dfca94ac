"""The compiled arithmetic of fills and money beside exact integers and decimals of any length."""

from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from math import ceil, floor

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphaline.errors import LedgerError, StrategyFileError
from alphaline.market.instruments import NANOS
from alphaline.trading.fills import fee_minor, fee_nanos, fill_price, units_available
from alphaline.trading.money import LARGEST, scaled_nanos, value_minor, value_minor_up

prices = st.one_of(
    st.floats(1e-9, 4e6),
    st.decimals("0.01", "9999", places=2).map(float),
    st.decimals("0.001", "999", places=3).map(float),
)
quantities = st.integers(-(10**9), 10**9)


def exact(price, quantity, instrument):
    return Fraction(round(price * NANOS) * quantity * instrument.multiplier * 100, NANOS)


@given(price=prices, quantity=quantities, multiplier=st.sampled_from([1, 100, 5000]))
@example(price=4e6, quantity=10**9, multiplier=5000)
@example(price=0.005, quantity=-1, multiplier=1)
def test_values_are_the_exact_ones_rounded(spy, price, quantity, multiplier):
    instrument = msgspec.structs.replace(spy, multiplier=multiplier)
    worth = exact(price, quantity, instrument)
    if abs(worth) >= LARGEST:
        with pytest.raises(LedgerError, match="below 2\\^61"):
            value_minor(price, quantity, instrument)
        assert value_minor_up(price, abs(quantity), instrument) == LARGEST
        return
    assert value_minor(price, quantity, instrument) == floor(worth + Fraction(1, 2))
    assert value_minor_up(price, quantity, instrument) == ceil(worth)


@given(nanos=st.integers(-(2**62), 2**62), factor=st.integers(-LARGEST, LARGEST))
@example(nanos=2**62, factor=LARGEST)
@example(nanos=-1, factor=1)
def test_a_product_is_exact_or_beyond_the_largest(nanos, factor):
    whole, rest = scaled_nanos(nanos, factor)
    product = nanos * factor
    if abs(product) < LARGEST * NANOS * 0.999:
        assert (whole, rest) == divmod(product, NANOS)
    elif abs(product) > LARGEST * NANOS * 1.001:
        assert whole == (LARGEST if product > 0 else -LARGEST)


@pytest.mark.parametrize("price", [1e300, float("inf"), float("nan"), 9.1e9])
def test_what_is_no_price_is_worth_more_than_every_limit(spy, price):
    assert value_minor_up(price, 1, spy) == LARGEST
    with pytest.raises(LedgerError, match=r"eq.us.spy: expected a value below"):
        value_minor(price, 1, spy)


def test_no_quantity_of_any_length_passes_as_a_small_value(spy):
    assert value_minor_up(1e-9, 2**80, spy) == LARGEST


def decimal_fill(side, price, instrument, execution):
    spread = execution.half_spread_ticks * instrument.tick_nanos / NANOS
    concession = spread + price * execution.slippage_bps * 1e-4
    nanos = round((price + concession if side == "buy" else price - concession) * NANOS)
    tick = instrument.tick_nanos
    ticks = -(-nanos // tick) if side == "buy" else nanos // tick
    return max(ticks * tick / NANOS, tick / NANOS)


@given(
    side=st.sampled_from(["buy", "sell"]),
    price=prices,
    half_spread=st.floats(0, 1000),
    bps=st.floats(0, 1000),
    tick=st.sampled_from([1, 100_000, 10_000_000, 250_000_000]),
)
def test_a_fill_price_is_the_one_of_whole_numbers(
    strategy, spy, side, price, half_spread, bps, tick
):
    instrument = msgspec.structs.replace(spy, tick_nanos=tick)
    execution = msgspec.structs.replace(
        strategy.execution, half_spread_ticks=half_spread, slippage_bps=bps
    )
    seen = fill_price(side, price, instrument, execution)
    assert seen == decimal_fill(side, price, instrument, execution)


@given(
    volume=st.floats(0, 1e15), participation=st.floats(1e-6, 1), lot=st.sampled_from([1, 10, 100])
)
def test_units_are_whole_lots_within_the_participation(strategy, spy, volume, participation, lot):
    instrument = msgspec.structs.replace(spy, lot=lot)
    execution = msgspec.structs.replace(strategy.execution, participation=participation)
    expected = floor(participation * volume / lot) * lot
    assert units_available(volume, instrument, execution) == expected


@given(
    fee=st.decimals("0", "1000", places=9, allow_nan=False),
    quantity=st.integers(1, 10**9),
)
@example(fee=Decimal("0.35"), quantity=1)
def test_a_fee_is_the_decimal_one_rounded_up(strategy, fee, quantity):
    execution = msgspec.structs.replace(strategy.execution, fee_per_unit_minor=fee)
    expected = int((fee * quantity).to_integral_value(ROUND_CEILING))
    assert fee_minor(quantity, execution) == expected


def test_a_fee_that_is_no_whole_number_of_nanos_is_refused(strategy):
    execution = msgspec.structs.replace(
        strategy.execution, fee_per_unit_minor=Decimal("0.0000000001")
    )
    with pytest.raises(StrategyFileError, match=r"at most nine decimals, saw 1E-10"):
        fee_nanos(execution)
