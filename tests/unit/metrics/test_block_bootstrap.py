import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.metrics.block_bootstrap import stationary_block_length, stationary_indices


def lengths(row, periods):
    """Return the lengths of the runs in which each index follows the one before it."""
    breaks = [k for k, (a, b) in enumerate(pairwise(row), 1) if b != (a + 1) % periods]
    return np.diff([0, *breaks, len(row)])


@given(st.integers(1, 60), st.integers(1, 8), st.floats(1, 70), st.integers(0, 2**32 - 1))
def test_a_resample_is_a_series_of_known_periods(periods, samples, block, seed):
    seen = stationary_indices(periods, samples, block, np.random.default_rng(seed))
    assert seen.shape == (samples, periods)
    assert seen.min() >= 0
    assert seen.max() < periods


@pytest.mark.parametrize("block", [1.0, 3.0, 10.0])
def test_stationary_blocks_have_their_mean_length(block):
    periods = 5000
    rows = stationary_indices(periods, 20, block, np.random.default_rng(2))
    seen = np.mean([np.mean(lengths(row, periods)) for row in rows])
    assert seen == pytest.approx(block, rel=0.05)


def test_a_stationary_blocks_length_is_geometric():
    rows = stationary_indices(5000, 20, 4.0, np.random.default_rng(3))
    drawn = np.concatenate([lengths(row, 5000) for row in rows])
    for k in (1, 2, 5):
        assert np.mean(drawn == k) == pytest.approx(0.25 * 0.75 ** (k - 1), abs=0.01)


def test_every_period_is_drawn_equally_often():
    seen = stationary_indices(20, 20_000, 7, np.random.default_rng(4))
    count = np.bincount(seen.ravel(), minlength=20) / 20_000
    assert count == pytest.approx(1.0, abs=0.06)


def test_the_same_generator_gives_the_same_draws():
    first, second = (stationary_indices(50, 3, 5, np.random.default_rng(9)) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("arguments", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_nothing_to_resample_is_refused(arguments):
    with pytest.raises(ValueError, match="block bootstrap: expected at least one"):
        stationary_indices(*arguments, np.random.default_rng(0))


def by_definition(x):
    """Politis and White with the correction of 2009, term by term."""
    n = len(x)
    mean = sum(x) / n

    def covariance(k):
        k = abs(k)
        return sum((x[t] - mean) * (x[t + k] - mean) for t in range(n - k)) / n

    run = max(5, math.ceil(math.sqrt(math.log10(n))))
    most = min(math.ceil(math.sqrt(n)) + run, n - 1)
    bar = 2 * math.sqrt(math.log10(n) / n)
    small = {k: abs(covariance(k) / covariance(0)) < bar for k in range(1, most + 1)}
    quiet = [m for m in range(most - run + 1) if all(small[m + j] for j in range(1, run + 1))]
    kept = min(2 * max(quiet[0] if quiet else most, 1), most)

    def weight(k):
        share = abs(k) / kept
        return 1.0 if share <= 0.5 else max(0.0, 2 * (1 - share))

    lags = range(-kept, kept + 1)
    slope = sum(weight(k) * abs(k) * covariance(k) for k in lags)
    long_run = sum(weight(k) * covariance(k) for k in lags)
    best = (slope**2 / long_run**2) ** (1 / 3) * n ** (1 / 3)
    return min(max(best, 1.0), math.ceil(min(3 * math.sqrt(n), n / 3)))


@given(st.integers(0, 2**32 - 1), st.integers(10, 120), st.floats(-0.9, 0.9))
def test_the_block_length_equals_its_definition(seed, periods, memory):
    noise = np.random.default_rng(seed).normal(size=periods)
    x = noise.copy()
    for t in range(1, periods):
        x[t] += memory * x[t - 1]
    assert stationary_block_length(x) == pytest.approx(by_definition(x.tolist()), rel=1e-7)


def test_what_remembers_longer_is_cut_into_longer_blocks():
    noise = np.random.default_rng(6).normal(size=4000)
    walk = noise.copy()
    for t in range(1, len(walk)):
        walk[t] += 0.9 * walk[t - 1]
    assert stationary_block_length(noise) < 5
    assert stationary_block_length(walk) > 20


@pytest.mark.parametrize("x", [[], [0.1], [0.1] * 50])
def test_what_has_no_memory_to_keep_has_blocks_of_one(x):
    assert stationary_block_length(np.array(x)) == 1.0


def test_a_gap_has_no_block_length():
    assert math.isnan(stationary_block_length(np.array([0.1, math.nan] * 10)))
