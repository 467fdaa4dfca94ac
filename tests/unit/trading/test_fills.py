from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.trading.fills import fee_minor, fill_price, units_available


@pytest.fixture(scope="session")
def terms(strategy):
    def terms(**changes):
        return msgspec.structs.replace(strategy.execution, **changes)

    return terms


@pytest.mark.parametrize(
    ("side", "price", "half_spread", "bps", "expected"),
    [
        ("buy", 132.65, 0.0, 0.0, 132.65),
        ("sell", 132.65, 0.0, 0.0, 132.65),
        ("buy", 132.65, 0.5, 0.0, 132.66),
        ("sell", 132.65, 0.5, 0.0, 132.64),
        ("buy", 100.0, 1.0, 10.0, 100.11),
        ("sell", 100.0, 1.0, 10.0, 99.89),
        ("buy", 100.004, 0.0, 0.0, 100.01),
        ("sell", 100.004, 0.0, 0.0, 100.0),
        ("sell", 0.01, 5.0, 0.0, 0.01),
    ],
)
def test_costs_are_against_the_trader_and_on_the_tick(
    terms, spy, side, price, half_spread, bps, expected
):
    execution = terms(half_spread_ticks=half_spread, slippage_bps=bps)
    assert fill_price(side, price, spy, execution) == expected


@given(
    price=st.floats(0.5, 1e4),
    half_spread=st.floats(0, 10),
    bps=st.floats(0, 50),
)
def test_a_round_trip_at_one_price_never_gains(terms, spy, price, half_spread, bps):
    execution = terms(half_spread_ticks=half_spread, slippage_bps=bps)
    bought, sold = (fill_price(side, price, spy, execution) for side in ("buy", "sell"))
    assert bought >= price - 1e-9 >= sold - 2e-9
    # Floats nearest to whole cents.
    assert (bought, sold) == (round(bought, 2), round(sold, 2))


@pytest.mark.parametrize(
    ("volume", "lot", "expected"), [(1000.0, 1, 100), (1009.0, 1, 100), (1900.0, 100, 100), (0.0, 1, 0), (9.0, 1, 0)]
)  # fmt: skip
def test_participation_is_whole_lots_rounded_down(terms, spy, volume, lot, expected):
    instrument = msgspec.structs.replace(spy, lot=lot)
    assert units_available(volume, instrument, terms(participation=0.1)) == expected


@pytest.mark.parametrize(
    ("fee", "quantity", "expected"), [("0.5", 100, 50), ("0.5", 101, 51), ("0", 9, 0), ("0.35", 1, 1)]
)  # fmt: skip
def test_a_fee_is_whole_minor_units_rounded_up(terms, fee, quantity, expected):
    assert fee_minor(quantity, terms(fee_per_unit_minor=Decimal(fee))) == expected
