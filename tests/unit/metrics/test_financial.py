import math

import empyrical
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alphaline.metrics.financial import (
    annual_volatility,
    calmar_ratio,
    compound_annual_growth_rate,
    cost_share,
    exposure,
    hit_rate,
    profit_factor,
    returns_of,
    sharpe_ratio,
    sortino_ratio,
    total_return,
    turnover,
)
from alphaline.metrics.headline import compound_annual_growth_rate_rows

returns = arrays(
    np.float64, st.integers(3, 60), elements=st.floats(-0.05, 0.05).map(lambda x: round(x, 6))
)
PER_PERIOD = [
    sharpe_ratio,
    sortino_ratio,
    annual_volatility,
    compound_annual_growth_rate,
    calmar_ratio,
    profit_factor,
    hit_rate,
    turnover,
]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (sharpe_ratio, empyrical.sharpe_ratio),
        (sortino_ratio, empyrical.sortino_ratio),
        (annual_volatility, empyrical.annual_volatility),
        (compound_annual_growth_rate, empyrical.cagr),
        (calmar_ratio, empyrical.calmar_ratio),
    ],
)
@given(r=returns)
def test_a_measure_agrees_with_empyrical(ours, theirs, r):
    assume(np.ptp(r) > 1e-4)
    assume((r < 0).any())
    assert ours(r) == pytest.approx(theirs(r), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("measure", PER_PERIOD)
@pytest.mark.parametrize("r", [[], [0.01, math.nan, -0.01]])
def test_a_missing_return_makes_a_measure_missing(measure, r):
    assert math.isnan(measure(np.array(r)))


@pytest.mark.parametrize("r", [[0.1], [0.1, 0.1, 0.1], [0.0] * 5])
def test_no_variance_has_no_sharpe_ratio(r):
    assert math.isnan(sharpe_ratio(np.array(r)))


def test_gains_alone_have_no_downside():
    gains = np.array([0.01, 0.02])
    assert math.isnan(sortino_ratio(gains))
    assert math.isnan(calmar_ratio(gains))
    assert math.isnan(profit_factor(gains))
    assert hit_rate(gains) == 1.0


def test_losses_alone_have_measures():
    losses = np.array([-0.01, -0.02, -0.01])
    assert sharpe_ratio(losses) < 0
    assert sortino_ratio(losses) < 0
    assert profit_factor(losses) == 0.0
    assert hit_rate(losses) == 0.0


def test_a_total_loss_grows_by_minus_one_and_more_than_that_not_at_all():
    assert compound_annual_growth_rate(np.array([0.1, -1.0])) == -1.0
    assert math.isnan(compound_annual_growth_rate(np.array([-1.5, 0.2])))


@pytest.mark.parametrize("measure", [compound_annual_growth_rate, total_return])
def test_two_losses_of_more_than_everything_are_no_gain(measure):
    assert math.isnan(measure(np.array([0.1, -1.5, -1.5, 0.02])))
    rows = compound_annual_growth_rate_rows(np.array([[0.1, -1.5, -1.5], [0.1, 0.0, 0.0]]))
    assert np.isnan(rows).tolist() == [True, False]


def test_profit_factor_divides_gains_by_losses():
    assert profit_factor(np.array([3.0, -1.0, 2.0, -1.0, 0.0])) == 2.5


def test_a_trade_without_profit_is_no_hit():
    assert hit_rate(np.array([0.0, 1.0])) == 0.5


def test_turnover_is_yearly():
    assert turnover(np.array([2.0, 0.0])) == 252.0


@pytest.mark.parametrize(("held", "opened", "share"), [(30, 120, 0.25), (0, 5, 0.0)])
def test_exposure_is_a_share_of_open_time(held, opened, share):
    assert exposure(held, opened) == share


def test_exposure_of_a_market_never_open_is_undefined():
    assert math.isnan(exposure(0, 0))


def test_costs_are_set_against_what_was_won():
    assert cost_share(np.array([2.0, -1.0]), np.array([0.25, 0.25])) == 0.25
    assert math.isnan(cost_share(np.array([-1.0]), np.array([0.25])))


@given(own=returns, capital=st.floats(0.5, 2e6))
def test_returns_of_a_value_compound_to_it(own, capital):
    value = capital * np.cumprod(1.0 + own)
    np.testing.assert_allclose(returns_of(value, capital), own, atol=1e-12)


def test_nothing_is_earned_on_nothing():
    found = returns_of(np.array([50.0, 0.0, 10.0, -5.0, 5.0]), 100.0)
    np.testing.assert_array_equal(found, [-0.5, -1.0, np.nan, -1.5, np.nan])
