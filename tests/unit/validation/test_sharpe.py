import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from alphaline.metrics.financial import sharpe_ratio
from alphaline.validation.sharpe import (
    SharpeMoments,
    deflated_sharpe,
    deflated_track_record,
    expected_maximum,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_moments,
)


def moments(sharpe=0.1, skew=0.0, kurtosis=3.0, periods=1000):
    return SharpeMoments(sharpe=sharpe, skew=skew, kurtosis=kurtosis, periods=periods)


def test_moments_agree_with_scipy():
    r = np.random.default_rng(2).gamma(2.0, 0.01, 400) - 0.015
    seen = sharpe_moments(r)
    assert seen.sharpe == pytest.approx(sharpe_ratio(r, 1))
    assert seen.skew == pytest.approx(stats.skew(r))
    assert seen.kurtosis == pytest.approx(stats.kurtosis(r, fisher=False))


@pytest.mark.parametrize("r", [[], [0.1], [0.1] * 4, [0.1, math.nan, 0.2], [0.1, math.inf]])
def test_a_series_without_a_sharpe_ratio_has_no_moments(r):
    assert sharpe_moments(np.array(r)) is None


def test_the_published_example_of_the_deflated_ratio():
    # Bailey and López de Prado (2014): 1250 days at an annualised 2.5, skew -3, kurtosis 10,
    # the best of 100 trials whose annualised ratios have a variance of 1/2; 250 days a year.
    seen = moments(sharpe=2.5 / math.sqrt(250), skew=-3.0, kurtosis=10.0, periods=1250)
    assert expected_maximum(100) * math.sqrt(0.5 / 250) == pytest.approx(0.1132, abs=1e-4)
    assert deflated_sharpe(seen, 100, math.sqrt(0.5 / 250)) == pytest.approx(0.9004, abs=1e-4)


@pytest.mark.parametrize("n", [2, 10, 100, 1000])
def test_the_expected_maximum_is_that_of_normal_samples(n):
    order = stats.norm.ppf(np.random.default_rng(1).random(40_000) ** (1 / n))
    assert expected_maximum(n) == pytest.approx(order.mean(), abs=0.06)


def test_one_trial_is_not_deflated():
    assert expected_maximum(1) == 0.0


def test_no_trial_is_refused():
    with pytest.raises(ValueError, match="saw 0"):
        expected_maximum(0)


@given(st.integers(1, 10_000))
def test_more_trials_deflate_more(n):
    assert deflated_sharpe(moments(), n + 1, 0.03) <= deflated_sharpe(moments(), n, 0.03)


def test_the_ratio_itself_is_exceeded_with_probability_one_half():
    assert probabilistic_sharpe(moments(sharpe=0.07), 0.07) == 0.5


def test_negative_skew_and_fat_tails_cost_confidence():
    plain = probabilistic_sharpe(moments(), 0.05)
    assert probabilistic_sharpe(moments(skew=-2.0), 0.05) < plain
    assert probabilistic_sharpe(moments(kurtosis=12.0), 0.05) < plain


def test_a_record_of_the_minimum_length_reaches_the_confidence():
    length = minimum_track_record(moments(skew=-1.0, kurtosis=6.0), 0.02, 0.95)
    seen = moments(skew=-1.0, kurtosis=6.0, periods=math.ceil(length))
    assert probabilistic_sharpe(seen, 0.02) == pytest.approx(0.95, abs=1e-3)


def test_no_record_shows_what_is_not_there():
    assert math.isnan(minimum_track_record(moments(sharpe=0.01), 0.02, 0.95))


@pytest.mark.parametrize("confidence", [0.1, 0.5])
def test_any_record_shows_what_chance_alone_shows(confidence):
    assert minimum_track_record(moments(), 0.02, confidence) == 1.0


@given(
    sharpe=st.floats(0.01, 0.3),
    skew=st.floats(-2.0, 2.0),
    trials=st.integers(1, 10_000),
    confidence=st.floats(0.5, 0.999),
)
def test_a_deflated_record_meets_the_demand_and_one_much_shorter_does_not(
    sharpe, skew, trials, confidence
):
    one = moments(sharpe=sharpe, skew=skew, kurtosis=4.0 + skew**2)
    length = deflated_track_record(one, trials, confidence)

    def met(periods):
        seen = moments(sharpe=sharpe, skew=skew, kurtosis=4.0 + skew**2, periods=periods)
        return deflated_sharpe(seen, trials, math.sqrt(1.0 / periods))

    assert met(max(2, math.ceil(length))) >= confidence - 1e-12
    if length > 4.0:
        assert met(math.ceil(length) - 3) < confidence


def test_a_deflated_record_of_one_trial_is_the_published_one():
    one = moments(skew=-1.0, kurtosis=6.0)
    assert deflated_track_record(one, 1, 0.95) == pytest.approx(
        minimum_track_record(one, 0.0, 0.95)
    )


@pytest.mark.parametrize("sharpe", [0.0, -0.1])
def test_what_earns_nothing_shows_nothing_however_long(sharpe):
    assert math.isnan(deflated_track_record(moments(sharpe=sharpe), 10, 0.95))


@given(st.floats(-0.9, 0.9), st.floats(-3, 3))
def test_a_probability_is_one_for_every_possible_pair_of_moments(sharpe, skew):
    seen = moments(sharpe=sharpe, skew=skew, kurtosis=1.0 + skew**2)
    assert 0.0 <= probabilistic_sharpe(seen, 0.0) <= 1.0
