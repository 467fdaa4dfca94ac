import math
from statistics import NormalDist

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alphaline.metrics.risk import (
    conditional_value_at_risk,
    cornish_fisher_conditional_value_at_risk,
    cornish_fisher_value_at_risk,
    tail_ratio,
    value_at_risk,
)

MEASURES = [
    value_at_risk,
    conditional_value_at_risk,
    cornish_fisher_value_at_risk,
    cornish_fisher_conditional_value_at_risk,
    tail_ratio,
]
returns = arrays(np.float64, st.integers(1, 60), elements=st.floats(-0.5, 0.5))


def skewed(size=100_000, seed=5):
    rng = np.random.default_rng(seed)
    return 0.01 * (rng.normal(size=size) - 0.1 * rng.exponential(size=size) ** 1.2)


@given(returns)
def test_historical_measures_agree_with_empyrical(r):
    assert value_at_risk(r) == pytest.approx(-empyrical.value_at_risk(r, 0.05), abs=1e-12)
    expected = -empyrical.conditional_value_at_risk(r, 1.0 - 0.95)
    assert conditional_value_at_risk(r) == pytest.approx(expected, abs=1e-12)


@given(returns.filter(lambda r: abs(np.percentile(r, 5)) > 1e-9))
def test_tail_ratio_agrees_with_empyrical(r):
    assert tail_ratio(r) == pytest.approx(empyrical.tail_ratio(r))


@given(returns)
def test_the_mean_loss_beyond_the_value_at_risk_is_no_smaller(r):
    assert conditional_value_at_risk(r) >= value_at_risk(r) - 1e-12


def test_a_normal_sample_has_the_normal_quantile():
    quantiles = np.array([NormalDist().inv_cdf((k + 0.5) / 20_000) for k in range(20_000)])
    assert cornish_fisher_value_at_risk(quantiles) == pytest.approx(1.6449, abs=1e-3)
    assert cornish_fisher_conditional_value_at_risk(quantiles) == pytest.approx(2.0627, abs=2e-3)


def test_the_correction_follows_a_mildly_skewed_sample():
    r = skewed()
    assert cornish_fisher_value_at_risk(r, 0.99) == pytest.approx(value_at_risk(r, 0.99), rel=0.01)
    assert cornish_fisher_conditional_value_at_risk(r, 0.99) == pytest.approx(
        conditional_value_at_risk(r, 0.99), rel=0.02
    )


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_closed_form_is_the_integral_of_the_quantiles(level):
    r = skewed(2_000)
    tail = 1.0 - level
    steps = (np.arange(1_000) + 0.5) / 1_000
    inside = [cornish_fisher_value_at_risk(r, 1.0 - tail * u) for u in steps]
    assert cornish_fisher_conditional_value_at_risk(r, level) == pytest.approx(
        np.mean(inside), rel=1e-3
    )


def test_an_expansion_that_is_no_quantile_function_is_nan():
    r = np.concatenate([np.full(500, 0.001), [-0.5]])
    assert math.isnan(cornish_fisher_value_at_risk(r))
    assert math.isnan(cornish_fisher_conditional_value_at_risk(r))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("r", [[], [0.01, math.nan, -0.01]])
def test_a_missing_return_makes_a_measure_missing(measure, r):
    assert math.isnan(measure(np.array(r)))


@pytest.mark.parametrize(
    "measure", [cornish_fisher_value_at_risk, cornish_fisher_conditional_value_at_risk]
)
@pytest.mark.parametrize("r", [[0.1], [0.1] * 3])
def test_no_variance_has_no_expansion(measure, r):
    assert math.isnan(measure(np.array(r)))


def test_losses_alone_are_positive_risk():
    losses = np.full(5, -0.02)
    assert value_at_risk(losses) == pytest.approx(0.02)
    assert conditional_value_at_risk(losses) == pytest.approx(0.02)


def test_no_lower_tail_has_no_tail_ratio():
    assert math.isnan(tail_ratio(np.zeros(4)))
