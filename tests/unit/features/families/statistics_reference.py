"""Operators of statistics by pandas and plain numpy."""

import itertools
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column
from tests.unit.features.families.rolling import at_rest, changes, lagged, windows

Array = NDArray[np.float64]


def _input(column: Column, bars: pd.DataFrame) -> Array:
    return bars[column.input[0]].to_numpy()


def correlation(x: Array, y: Array) -> Array:
    """Return the correlation of windows (n, w) row by row, 0 where one did not move."""
    found = np.full(len(x), np.nan)
    rest = at_rest(x) | at_rest(y)
    for i in np.flatnonzero(~np.isnan(x + y).any(axis=1)):
        found[i] = 0.0 if rest[i] else np.corrcoef(x[i], y[i])[0, 1]
    return found


def _autocorrelation(column: Column, bars: pd.DataFrame) -> Array:
    r = changes(_input(column, bars))
    before = lagged(r, int(column.parameters[0]))
    return correlation(windows(r, column.window), windows(before, column.window))


def _hurst(column: Column, bars: pd.DataFrame) -> Array:
    x = _input(column, bars)
    found = np.full(len(x), np.nan)
    lags = [lag for lag in (1, 2, 4, 8) if lag < len(x)]
    parts = [windows(changes(x, lag), column.window) for lag in lags]
    for i in range(column.window + 7, len(x)):
        std = [part[i].std() for part in parts]
        still = min(std) <= 1e-14
        found[i] = 0.5 if still else np.polyfit(np.log(lags), np.log(std), 1)[0]
    return found


def _entropy(column: Column, bars: pd.DataFrame) -> Array:
    signs = np.sign(np.diff(_input(column, bars)))
    words = list(itertools.pairwise(signs))
    found = np.full(len(bars), np.nan)
    for i in range(column.window + 1, len(bars)):
        counts = Counter(words[i - 1 - column.window : i - 1]).values()
        shares = [count / column.window for count in counts]
        found[i] = -sum(share * math.log(share) for share in shares) / math.log(9)
    return found


def _fractional(column: Column, bars: pd.DataFrame) -> Array:
    weights = [1.0]
    for k in range(1, column.window):
        weights.append(-weights[-1] * (column.parameters[0] - k + 1) / k)
    weights[-1] -= sum(weights)
    return np.asarray(windows(np.log(_input(column, bars)), column.window) @ weights[::-1])


def _shape(column: Column, bars: pd.DataFrame) -> Array:
    r = changes(_input(column, bars))
    rest = at_rest(windows(r, column.window))
    found = np.full(len(r), np.nan)
    for i, window in enumerate(windows(r, column.window)):
        if not np.isnan(window).any():
            # Scaled, since pandas takes a variance below 1e-14 for zero.
            series = pd.Series(window * 1e6)
            found[i] = series.skew() if column.operator == "skewness" else series.kurt()
    return np.where(rest, 0.0, found)


def _variance_ratio(column: Column, bars: pd.DataFrame) -> Array:
    x, w, q = _input(column, bars), column.window, int(column.parameters[0])
    found = np.full(len(x), np.nan)
    for i in range(w, len(x)):
        logs = np.log(x[i - w : i + 1] / x[i - w])
        mean = logs[-1] / w
        single = ((np.diff(logs) - mean) ** 2).sum() / (w - 1)
        longer = ((logs[q:] - logs[:-q] - q * mean) ** 2).sum()
        still = np.diff(logs).std() <= 1e-14
        found[i] = 1.0 if still else longer / (q * (w - q + 1) * (1 - q / w)) / single
    return found


VALUES: dict[str, Callable[[Column, pd.DataFrame], Array]] = {
    "autocorrelation": _autocorrelation,
    "hurst": _hurst,
    "sign_entropy": _entropy,
    "fractional_difference": _fractional,
    "skewness": _shape,
    "kurtosis": _shape,
    "variance_ratio": _variance_ratio,
}
