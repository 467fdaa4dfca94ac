import math

import numpy as np
import pytest

from alphaline.metrics.benchmark import alpha, beta, information_ratio, sharpe_delta

MARKET = np.array([0.01, -0.02, 0.03, 0.0])
MEASURES = [alpha, beta, information_ratio, sharpe_delta]


def test_a_levered_benchmark_has_its_leverage_as_beta_and_no_alpha():
    assert beta(2 * MARKET, MARKET) == pytest.approx(2.0)
    assert alpha(2 * MARKET, MARKET) == pytest.approx(0.0, abs=1e-12)


def test_a_constant_advantage_is_alpha_compounded():
    assert alpha(MARKET + 0.001, MARKET) == pytest.approx(1.001**252 - 1)
    assert beta(MARKET + 0.001, MARKET) == pytest.approx(1.0)


def test_an_intercept_that_loses_more_than_everything_has_no_alpha():
    assert math.isnan(alpha(MARKET - 2.0, MARKET))
    assert alpha(MARKET - 0.5, MARKET) == pytest.approx(-1.0)


def test_a_sharpe_delta_is_positive_for_the_better():
    assert sharpe_delta(MARKET + 0.01, MARKET) > 0 > sharpe_delta(MARKET, MARKET + 0.01)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("r", "b"),
    [
        ([], []),
        ([0.1], [0.1]),
        ([0.1, math.nan, 0.2], [0.1, 0.2, 0.4]),
        ([0.1, 0.4, 0.2], [0.1, math.nan, 0.3]),
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.1]),
    ],
)
def test_what_is_not_defined_is_nan(measure, r, b):
    assert math.isnan(measure(np.array(r), np.array(b)))


@pytest.mark.parametrize("measure", MEASURES)
def test_series_of_different_lengths_are_refused(measure):
    with pytest.raises(ValueError, match="one return per period of 4 in both series, saw 3"):
        measure(MARKET, MARKET[:3])
