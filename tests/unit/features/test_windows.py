"""Windows in float64: accurate to 1e-9, without drift, without a trace of outliers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from alphaline.features.compiled.windows import (
    extremes,
    extremes_size,
    mean_of_positive,
    mean_size,
    moments,
    moments_size,
)

Array = NDArray[np.float64]


@njit
def _fold_moments(s: Array, window: int, x: Array) -> tuple[Array, Array]:
    mean, square = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        mean[i], square[i] = moments(s, 0, window, i, x[i])
    return mean, square


@njit
def _fold_mean(s: Array, window: int, x: Array) -> Array:
    mean = np.empty(len(x))
    for i in range(len(x)):
        mean[i] = mean_of_positive(s, 0, window, i, x[i])
    return mean


@njit
def _fold_extremes(s: Array, window: int, x: Array) -> tuple[Array, Array]:
    low, high = np.empty(len(x)), np.empty(len(x))
    for i in range(len(x)):
        low[i], high[i] = extremes(s, 0, window, i, x[i], 2.0 * x[i])
    return low, high


def _check(window: int, x: Array) -> None:
    expected = sliding_window_view(x, window)
    mean, square = _fold_moments(np.zeros(moments_size(window)), window, x)
    np.testing.assert_allclose(mean[window - 1 :], expected.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(
        square[window - 1 :], expected.var(axis=1) * window, rtol=1e-9, atol=0
    )
    mean = _fold_mean(np.zeros(mean_size(window)), window, x)
    np.testing.assert_allclose(mean[window - 1 :], expected.mean(axis=1), rtol=1e-9)
    low, high = _fold_extremes(np.zeros(extremes_size(window)), window, x)
    np.testing.assert_array_equal(low[window - 1 :], expected.min(axis=1))
    np.testing.assert_array_equal(high[window - 1 :], 2 * expected.max(axis=1))


def _prices(count: int, seed: int) -> Array:
    return np.asarray(100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 5e-4, count))))


@settings(max_examples=25, deadline=None)
@given(
    window=st.sampled_from([2, 3, 20, 63, 64, 65, 66, 127, 300]),
    seed=st.integers(0, 1000),
    outliers=st.lists(st.integers(0, 999), max_size=4),
)
def test_windows_equal_numpy_around_outliers_of_a_million(
    window: int, seed: int, outliers: list[int]
) -> None:
    x = _prices(1000, seed)
    x[outliers] *= 1e6
    _check(window, x)


@pytest.mark.parametrize("window", [20, 1000])
def test_windows_do_not_drift_over_a_million_bars(window: int) -> None:
    x = _prices(1_000_000, 5)
    x[np.arange(0, 990_000, 9_973)] *= 1e6
    mean, square = _fold_moments(np.zeros(moments_size(window)), window, x)
    last = sliding_window_view(x, window)[-500:]
    np.testing.assert_allclose(mean[-500:], last.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(square[-500:], last.var(axis=1) * window, rtol=1e-9)


@pytest.mark.parametrize("window", [20, 64, 65, 500])
def test_a_constant_has_no_deviation_at_all(window: int) -> None:
    x = np.full(2000, 0.1)
    x[:300] = 1e6
    mean, square = _fold_moments(np.zeros(moments_size(window)), window, x)
    assert (mean[300 + window :] == 0.1).all()
    assert (square[300 + window :] == 0.0).all()


def test_an_outlier_at_every_place_of_a_block_leaves_no_trace() -> None:
    window = 70
    x = _prices(400, 2)
    clean = _fold_moments(np.zeros(moments_size(window)), window, x)
    for place in range(100, 200):
        hit = x.copy()
        hit[place] *= 1e6
        found = _fold_moments(np.zeros(moments_size(window)), window, hit)
        np.testing.assert_array_equal(clean[1][place + window :], found[1][place + window :])
