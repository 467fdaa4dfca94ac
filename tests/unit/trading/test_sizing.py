import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.trading.sizing import MINUTES_PER_YEAR, Sized, target_quantity


def test_the_quantity_moves_as_much_in_a_year_as_the_strategy_aims_at(strategy, spy):
    sigma = 0.0005
    leverage = 0.10 / (sigma * math.sqrt(MINUTES_PER_YEAR))
    assert target_quantity(strategy.sizing, sigma, 130.0, spy) == Sized(
        int(100_000 * leverage // 130), None
    )


def test_a_calm_market_is_capped_by_the_leverage(strategy, spy):
    assert target_quantity(strategy.sizing, 1e-9, 100.0, spy) == Sized(1000, None)


@pytest.mark.parametrize("sigma", [math.nan, 0.0, -0.1, math.inf])
def test_an_unusable_sigma_gives_no_quantity_with_its_reason(strategy, spy, sigma):
    assert target_quantity(strategy.sizing, sigma, 100.0, spy) == Sized(0, "SIGMA_UNUSABLE")


@pytest.mark.parametrize("price", [math.nan, 0.0, -1.0, math.inf])
def test_an_unusable_price_gives_no_quantity_with_its_reason(strategy, spy, price):
    assert target_quantity(strategy.sizing, 0.001, price, spy) == Sized(0, "PRICE_UNUSABLE")


def test_less_than_a_lot_is_nothing(strategy, spy):
    assert target_quantity(strategy.sizing, 0.0005, 1e6, spy) == Sized(0, "BELOW_ONE_LOT")


@given(
    sigma=st.floats(1e-6, 0.1),
    price=st.floats(0.01, 1e5),
    lot=st.sampled_from([1, 10, 100]),
    multiplier=st.sampled_from([1, 100]),
)
def test_the_value_never_exceeds_target_or_leverage_and_is_whole_lots(
    strategy, spy, sigma, price, lot, multiplier
):
    instrument = msgspec.structs.replace(spy, lot=lot, multiplier=multiplier)
    quantity, reason = target_quantity(strategy.sizing, sigma, price, instrument)
    assert quantity % lot == 0
    assert (reason is None) == (quantity > 0)
    leverage = min(0.10 / (sigma * math.sqrt(MINUTES_PER_YEAR)), 1.0)
    assert quantity * price * multiplier <= 100_000 * leverage * (1 + 1e-9)


def test_a_sigma_of_one_session_is_annualised_by_sessions(strategy, spy):
    sigma = 0.01
    leverage = 0.10 / (sigma * math.sqrt(252))
    assert target_quantity(strategy.sizing, sigma, 130.0, spy, 252) == Sized(
        int(100_000 * leverage // 130), None
    )
