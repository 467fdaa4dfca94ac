"""Where empyrical-reloaded or skfolio define the same measure, ours has the same value.

empyrical and skfolio leave a NaN out where ours says NaN, so the series here have none.
"""

import math

import empyrical
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skfolio import measures as skfolio

from alphaline.metrics import benchmark, drawdown, financial, risk
from alphaline.validation.sharpe import (
    deflated_sharpe,
    expected_maximum,
    probabilistic_sharpe,
    sharpe_moments,
)

GRID = st.integers(-2000, 2000).map(lambda x: x / 10_000)
RETURNS = arrays(np.float64, st.integers(2, 60), elements=GRID)
PAIRS = st.integers(3, 60).flatmap(
    lambda n: st.tuples(arrays(np.float64, n, elements=GRID), arrays(np.float64, n, elements=GRID))
)

OF_RETURNS = {
    "sharpe": (financial.sharpe_ratio, empyrical.sharpe_ratio),
    "sortino": (financial.sortino_ratio, empyrical.sortino_ratio),
    "omega": (financial.omega_ratio, empyrical.omega_ratio),
    "volatility": (financial.annual_volatility, empyrical.annual_volatility),
    "growth": (financial.compound_annual_growth_rate, empyrical.cagr),
    "total return": (financial.total_return, empyrical.cum_returns_final),
    "calmar": (financial.calmar_ratio, empyrical.calmar_ratio),
    "drawdown": (drawdown.max_drawdown, lambda r: -empyrical.max_drawdown(r)),
    "value at risk": (risk.value_at_risk, lambda r: -empyrical.value_at_risk(r, 0.05)),
    "tail": (risk.tail_ratio, empyrical.tail_ratio),
    "drawdown, skfolio": (
        drawdown.max_drawdown,
        lambda r: skfolio.max_drawdown(skfolio.get_drawdowns(r, compounded=True)),
    ),
    "average drawdown, skfolio": (
        drawdown.average_drawdown,
        lambda r: skfolio.average_drawdown(skfolio.get_drawdowns(r, compounded=True)),
    ),
    "volatility, skfolio": (
        financial.annual_volatility,
        lambda r: skfolio.standard_deviation(r) * math.sqrt(252),
    ),
    "omega, skfolio": (
        financial.omega_ratio,
        # Its first lower partial moment is the mean loss below a target.
        lambda r: (
            skfolio.first_lower_partial_moment(-r, min_acceptable_return=0.0)
            / skfolio.first_lower_partial_moment(r, min_acceptable_return=0.0)
        ),
    ),
}
OF_PAIRS = {
    "beta": (benchmark.beta, empyrical.beta_aligned),
    "alpha": (benchmark.alpha, empyrical.alpha_aligned),
    "information ratio": (
        lambda r, b: benchmark.information_ratio(r, b, periods=1),
        empyrical.excess_sharpe,
    ),
}


@pytest.mark.parametrize("name", OF_RETURNS)
@given(r=RETURNS)
def test_a_measure_of_returns_agrees(name, r):
    ours, theirs = OF_RETURNS[name]
    assume(np.ptp(r) > 0)
    assume((r < 0).any())
    assume(abs(np.percentile(r, 5)) > 1e-9)
    assert ours(r) == pytest.approx(float(theirs(r)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", OF_PAIRS)
@given(pair=PAIRS)
def test_a_measure_beside_a_benchmark_agrees(name, pair):
    ours, theirs = OF_PAIRS[name]
    r, b = pair
    assume(np.ptp(b) > 0)
    assume(np.ptp(r - b) > 1e-12)
    expected = float(theirs(r, b))
    # Beyond an intercept of -100 %, empyrical takes an even power of a negative number.
    assume(math.isfinite(ours(r, b)))
    assert ours(r, b) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(RETURNS, st.data())
def test_the_historical_tail_agrees_with_skfolio_where_it_holds_whole_periods(r, data):
    # skfolio averages exactly (1 - level)·T periods, a part of one where that is no whole number; ours
    # averages the periods at or below the quantile.
    level = 1 - data.draw(st.integers(1, max(1, r.size // 2))) / r.size
    assert risk.conditional_value_at_risk(r, level) == pytest.approx(
        float(skfolio.cvar(r, beta=level)), abs=1e-12
    )


@given(RETURNS, st.integers(0, 20), st.floats(-0.2, 0.2))
def test_the_sharpe_ratios_probabilities_agree_with_skfolio(r, extra, mark):
    moments = sharpe_moments(r)
    assume(r.size > 2)
    assume(moments is not None)
    theirs = skfolio.probabilistic_sharpe_ratio(r, benchmark_sharpe_ratio=mark)
    assume(math.isfinite(theirs))
    assert probabilistic_sharpe(moments, mark) == pytest.approx(theirs, abs=1e-7)
    trials = np.linspace(-0.1, 0.1, extra + 2)
    expected = skfolio.deflated_sharpe_ratio(r, trials)
    seen = deflated_sharpe(moments, trials.size, float(np.std(trials, ddof=1)))
    assert seen == pytest.approx(expected, abs=1e-7)
    assert expected_maximum(trials.size) == pytest.approx(
        skfolio.expected_max_sharpe_ratio(trials.size, 1.0), rel=1e-9
    )


def test_where_definitions_differ_they_differ_as_documented():
    r = np.array([0.01, -0.02, 0.03, math.nan, -0.01])
    assert math.isnan(financial.sharpe_ratio(r))
    assert math.isfinite(empyrical.sharpe_ratio(r))
    # skfolio's value at risk is one of the returns, ours lies between two of them.
    whole = np.array([-0.05, -0.04, 0.0, 0.01, 0.02])
    assert risk.value_at_risk(whole, 0.9) == pytest.approx(0.046)
    assert float(skfolio.value_at_risk(whole, 0.9)) == 0.05
    assert financial.omega_ratio(np.array([-0.01])) == 0.0
    assert math.isnan(empyrical.omega_ratio(np.array([-0.01])))
