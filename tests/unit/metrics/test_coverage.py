"""Coverage of the value at risk, against references by loops, binomial likelihoods and scipy's chi-squared."""

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from alphaline.metrics.catalogue import MEASURES
from alphaline.metrics.coverage import (
    christoffersen_conditional_test,
    christoffersen_independence_test,
    kupiec_test,
    violations,
)
from alphaline.metrics.historical_coverage import (
    conditional_coverage_p_value,
    independence_p_value,
    kupiec_p_value,
    rolling_value_at_risk,
    violation_share,
)

NAN = math.nan
LEVELS = st.sampled_from([0.9, 0.95, 0.99])
FLAGS = st.one_of(
    st.lists(st.booleans(), max_size=60),
    st.lists(st.integers(0, 19).map(lambda x: x == 0), max_size=200),
    st.builds(lambda x, n: [x] * n, st.booleans(), st.integers(0, 30)),
)
RETURN = st.integers(-2000, 2000).map(lambda x: x / 10_000)
SERIES = st.one_of(
    st.lists(st.one_of(RETURN, RETURN, RETURN, st.just(NAN)), max_size=60),
    st.lists(RETURN.map(lambda x: -abs(x) - 1e-4), max_size=40),
    st.builds(lambda x, n: [x] * n, RETURN, st.integers(0, 30)),
)


def historical(past, level):
    ordered, place = sorted(past), (1 - level) * (len(past) - 1)
    low = math.floor(place)
    high = min(low + 1, len(past) - 1)
    return -(ordered[low] + (place - low) * (ordered[high] - ordered[low]))


def forecast(r, t, window, level):
    past = r[max(0, t - window) : t]
    if len(past) < window or any(math.isnan(x) for x in past):
        return NAN
    return historical(past, level)


def rolled(r, window, level):
    forecasts = [forecast(r, t, window, level) for t in range(len(r))]
    pairs = [(x, v) for x, v in zip(r, forecasts, strict=True) if not math.isnan(x + v)]
    return [-x > v for x, v in pairs]


def best(flags):
    return binom.logpmf(sum(flags), len(flags), sum(flags) / len(flags)) if flags else 0.0


def ways(flags):
    """Return the log of the number of orders, which a likelihood of one order does not hold."""
    return math.log(math.comb(len(flags), sum(flags)))


def kupiec(flags, level):
    if not flags:
        return NAN
    ratio = best(flags) - binom.logpmf(sum(flags), len(flags), 1 - level)
    return 2 * ratio


def chained(flags):
    after = [[b for a, b in itertools.pairwise(flags) if a == state] for state in (False, True)]
    return sum(best(one) - ways(one) for one in after)


def independence(flags):
    if len(flags) < 2:
        return NAN
    later = flags[1:]
    return 2 * (chained(flags) - best(later) + ways(later))


def conditional(flags, level):
    if len(flags) < 2:
        return NAN
    later = flags[1:]
    expected = binom.logpmf(sum(later), len(later), 1 - level) - ways(later)
    return 2 * (chained(flags) - expected)


def same(seen, statistic, degrees):
    assert seen.statistic == pytest.approx(statistic, rel=1e-8, abs=1e-8, nan_ok=True)
    expected = chi2.sf(seen.statistic, degrees)
    assert seen.p_value == pytest.approx(expected, rel=1e-9, nan_ok=True)


@given(FLAGS, LEVELS)
def test_the_tests_equal_their_references(flags, level):
    violated = np.array(flags, dtype=np.bool_)
    same(kupiec_test(violated, level), kupiec(flags, level), 1)
    same(christoffersen_independence_test(violated), independence(flags), 1)
    same(christoffersen_conditional_test(violated, level), conditional(flags, level), 2)


@given(SERIES, st.integers(1, 12), LEVELS)
def test_rolling_forecasts_equal_their_reference(r, window, level):
    seen = rolling_value_at_risk(np.array(r), window, level)
    expected = [forecast(r, t, window, level) for t in range(len(r))]
    assert seen == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(SERIES, st.integers(1, 12), st.integers(0, 60), RETURN)
def test_a_forecast_knows_nothing_of_its_own_period_or_later(r, window, cut, other):
    changed = r[:cut] + [other] * (len(r) - cut)
    before, after = (rolling_value_at_risk(np.array(x), window)[: cut + 1] for x in (r, changed))
    assert np.array_equal(before, after, equal_nan=True)


@given(SERIES, st.integers(1, 8))
def test_violations_are_of_periods_in_which_loss_and_forecast_are_known(r, window):
    # A loss equal to its forecast, as in a constant series, is none; a forecast interpolated between
    # two returns may round to either side of one of them, so those are told apart by a hair.
    forecasts = np.round(rolling_value_at_risk(np.array(r), window), 12)
    expected = [round(v, 12) for v in (forecast(r, t, window, 0.95) for t in range(len(r)))]
    pairs = [(x, v) for x, v in zip(r, expected, strict=True) if not math.isnan(x + v)]
    assert violations(np.array(r), forecasts).tolist() == [-x > v for x, v in pairs]


@pytest.mark.parametrize("percent", [95, 99])
@pytest.mark.parametrize("gap", [None, 40, 300])
@pytest.mark.parametrize("periods", [0, 1, 250, 251, 252, 700])
def test_the_catalogue_covers_a_year_of_sessions(periods, gap, percent):
    r = 0.01 * np.random.default_rng(periods).standard_t(3, periods)
    if gap is not None and gap < periods:
        r[gap] = NAN
    level = percent / 100
    flags = rolled(r.tolist(), 250, level)
    name = f"value_at_risk_{percent}"
    expected = {
        "violation_share": statistics.fmean(flags) if flags else NAN,
        "kupiec_p_value": chi2.sf(kupiec(flags, level), 1),
        "independence_p_value": chi2.sf(independence(flags), 1),
        "conditional_coverage_p_value": chi2.sf(conditional(flags, level), 2),
    }
    seen = {key: MEASURES[f"{name}_{key}"].of({"returns": r}) for key in expected}
    assert seen == pytest.approx(expected, rel=1e-7, nan_ok=True)


def test_kupiecs_published_regions_are_kept():
    # Kupiec (1995), 255 days at 99 %: up to 6 failures, at 95 %: 7 to 20 are not rejected at 5 %.
    def kept(level):
        flags = [np.arange(255) < hits for hits in range(60)]
        return [x.sum() for x in flags if kupiec_test(x, level).p_value > 0.05]

    assert (min(kept(0.99)), max(kept(0.99))) == (1, 6)
    assert (min(kept(0.95)), max(kept(0.95))) == (7, 20)


def test_no_violation_and_nothing_else_have_a_defined_answer():
    calm, broken = np.zeros(100, dtype=np.bool_), np.ones(100, dtype=np.bool_)
    assert kupiec_test(calm).statistic == pytest.approx(-200 * math.log(0.95))
    assert kupiec_test(broken).statistic == pytest.approx(-200 * math.log(0.05))
    for flags in (calm, broken):
        assert christoffersen_independence_test(flags).statistic == 0.0
        assert christoffersen_independence_test(flags).p_value == 1.0


def test_as_many_violations_as_promised_but_in_one_cluster_are_found():
    clustered = np.arange(1000) < 50
    spread = np.arange(1000) % 20 == 10
    assert kupiec_test(clustered).p_value > 0.9
    assert christoffersen_independence_test(clustered).p_value < 1e-6
    assert christoffersen_conditional_test(clustered).p_value < 1e-6
    assert christoffersen_conditional_test(spread).p_value > 0.05


def test_right_forecasts_are_rejected_about_as_often_as_the_tests_say():
    rng = np.random.default_rng(8)
    drawn = rng.random((400, 1000)) < 0.05
    rejected = np.mean([kupiec_test(flags).p_value < 0.05 for flags in drawn])
    assert 0.02 < rejected < 0.09


@pytest.mark.parametrize("flags", [[], [True], [False]])
def test_too_few_periods_have_no_answer(flags):
    violated = np.array(flags, dtype=np.bool_)
    assert math.isnan(christoffersen_independence_test(violated).p_value)
    assert math.isnan(christoffersen_conditional_test(violated).p_value)
    assert math.isnan(kupiec_test(violated).p_value) == (not flags)


@pytest.mark.parametrize(
    "measure",
    [violation_share, kupiec_p_value, independence_p_value, conditional_coverage_p_value],
)
def test_a_history_shorter_than_the_window_has_no_coverage(measure):
    assert math.isnan(measure(np.full(20, 0.01), 20))


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, NAN])
def test_a_level_that_is_no_probability_is_refused(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        kupiec_test(np.zeros(3, dtype=np.bool_), level)
    with pytest.raises(ValueError, match="between 0 and 1"):
        rolling_value_at_risk(np.zeros(3), 2, level)


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="window of 1 or more, saw 0"):
        rolling_value_at_risk(np.zeros(3), 0)
