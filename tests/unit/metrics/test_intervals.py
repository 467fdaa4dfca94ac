import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alphaline.metrics import intervals
from alphaline.metrics.block_bootstrap import stationary_indices
from alphaline.metrics.catalogue import MEASURES
from alphaline.metrics.financial import sharpe_ratio
from alphaline.metrics.headline import HEADLINE
from alphaline.metrics.intervals import headline_intervals, sharpe_delta_interval

GRID = st.integers(-2000, 2000).map(lambda x: x / 10_000)
ROWS = st.tuples(st.integers(1, 4), st.integers(1, 40)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.one_of(GRID, GRID, GRID, st.just(math.nan)))
)


def rng(seed=1):
    return np.random.default_rng(seed)


def returns(sessions=300, seed=0, mean=0.0005):
    return rng(seed).normal(mean, 0.01, sessions)


@pytest.mark.parametrize("name", HEADLINE)
@given(
    rows=st.one_of(ROWS, ROWS.map(lambda r: np.full_like(r, 0.001)), ROWS.map(lambda r: -abs(r)))
)
def test_a_headline_figure_of_rows_is_the_measure_of_each(name, rows):
    expected = [MEASURES[name].of({"returns": row}) for row in rows]
    assert HEADLINE[name](rows) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", HEADLINE)
def test_an_interval_is_the_quantiles_of_the_measure_over_the_resamples(name):
    r = returns()
    seen = headline_intervals(r, rng(), samples=60, block_length=4.0, level=0.9)[name]
    drawn = [
        MEASURES[name].of({"returns": r[row]}) for row in stationary_indices(300, 60, 4.0, rng())
    ]
    assert (seen.low, seen.high) == pytest.approx(np.quantile(drawn, [0.05, 0.95]).tolist())
    assert seen.estimate == pytest.approx(MEASURES[name].of({"returns": r}))
    assert (seen.level, seen.block_length, seen.samples, seen.defined) == (0.9, 4.0, 60, 60)


def test_a_difference_is_resampled_in_pairs():
    r, base = returns(seed=1), returns(seed=2)
    seen = sharpe_delta_interval(r, base, rng(), samples=50, block_length=3.0)
    rows = stationary_indices(300, 50, 3.0, rng())
    drawn = [sharpe_ratio(r[row]) - sharpe_ratio(base[row]) for row in rows]
    assert (seen.low, seen.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]).tolist())


def test_what_two_series_share_does_not_widen_the_interval_of_their_difference():
    base = returns(1000, seed=3)
    better = base + rng(4).normal(0.0005, 0.0005, 1000)
    seen = sharpe_delta_interval(better, base, rng())
    assert seen.low > 0
    alone = headline_intervals(better, rng())["sharpe_ratio"]
    assert seen.high - seen.low < 0.2 * (alone.high - alone.low)


def test_a_series_beside_itself_differs_by_nothing():
    seen = sharpe_delta_interval(returns(), returns(), rng(), samples=50)
    assert (seen.estimate, seen.low, seen.high) == (0.0, 0.0, 0.0)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    true = 0.001 / 0.01 * math.sqrt(252)
    held = 0
    for seed in range(100):
        seen = headline_intervals(returns(252, seed, 0.001), rng(seed), samples=200, level=0.9)
        held += seen["sharpe_ratio"].low < true < seen["sharpe_ratio"].high
    assert 80 <= held <= 97


def test_the_number_of_values_held_at_a_time_bounds_memory(monkeypatch):
    shapes = []
    draw = intervals.stationary_indices

    def watched(periods, samples, block_length, generator):
        shapes.append((samples, periods))
        return draw(periods, samples, block_length, generator)

    monkeypatch.setattr(intervals, "VALUES_AT_A_TIME", 1000)
    monkeypatch.setattr(intervals, "stationary_indices", watched)
    seen = headline_intervals(returns(300), rng(), samples=10)
    assert seen["sharpe_ratio"].samples == 10
    assert shapes == [(3, 300), (3, 300), (3, 300), (1, 300)]


@given(st.integers(0, 2**32 - 1))
def test_the_same_generator_gives_the_same_intervals(seed):
    first, second = (headline_intervals(returns(40), rng(seed), samples=20) for _ in range(2))
    assert first == second


def test_resamples_that_do_not_define_a_figure_are_counted():
    # A resample without the one day that moved has no variance.
    r = np.zeros(12)
    r[5] = 0.01
    seen = headline_intervals(r, rng(), samples=200, block_length=1.0)
    assert 0 < seen["sharpe_ratio"].defined < 200
    assert seen["annual_volatility"].defined == 200
    assert math.isfinite(seen["sharpe_ratio"].low)


@pytest.mark.parametrize("r", [[0.01], [0.01] * 30, [0.01, math.nan, 0.02]])
def test_a_figure_that_is_not_defined_has_no_interval(r):
    seen = headline_intervals(np.array(r), rng(), samples=20)["sharpe_ratio"]
    assert all(math.isnan(x) for x in (seen.estimate, seen.low, seen.high))


@pytest.mark.parametrize(
    ("r", "options"),
    [([], {}), ([0.1, 0.2], {"level": 1.0}), ([0.1, 0.2], {"level": 0.0}), ([0.1], {"samples": 0})],
)
def test_what_cannot_be_resampled_is_refused(r, options):
    with pytest.raises(ValueError, match="expected at least one"):
        headline_intervals(np.array(r), rng(), **options)


def test_series_of_different_sessions_are_refused():
    with pytest.raises(
        ValueError, match="expected one return per session of 300 in both series, saw 299"
    ):
        sharpe_delta_interval(returns(300), returns(299), rng())
