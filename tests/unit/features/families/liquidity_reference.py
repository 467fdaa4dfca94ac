"""Operators of liquidity by plain numpy."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column
from tests.unit.features.families.rolling import at_rest, changes, lagged, windows

Array = NDArray[np.float64]


def _millions(bars: pd.DataFrame) -> Array:
    return (bars["close"] * bars["volume"]).to_numpy() / 1e6


def _amihud(column: Column, bars: pd.DataFrame) -> Array:
    traded, r = _millions(bars), abs(changes(bars["close"]))
    ratio = windows(r / np.where(traded > 0, traded, np.inf), column.window)
    counted = windows(np.where(np.isnan(r), np.nan, traded > 0), column.window).sum(axis=1)
    return ratio.sum(axis=1) / np.where(counted == 0, np.nan, counted)


def _covariance(x: Array, y: Array) -> Array:
    apart = (x - x.mean(axis=1, keepdims=True)) * (y - y.mean(axis=1, keepdims=True))
    return np.asarray(apart.sum(axis=1) / (x.shape[1] - 1))


def _roll(column: Column, bars: pd.DataFrame) -> Array:
    r = changes(bars["close"])
    cov = _covariance(windows(r, column.window), windows(lagged(r, 1), column.window))
    return 2 * np.sqrt(np.maximum(-cov, 0.0))


def _corwin_schultz_pair(before: pd.Series, bar: pd.Series) -> float:
    high, low = bar["high"], bar["low"]
    if before["close"] < low:
        high, low = high - (low - before["close"]), before["close"]
    elif before["close"] > high:
        high, low = before["close"], low + (before["close"] - high)
    beta = math.log(before["high"] / before["low"]) ** 2 + math.log(high / low) ** 2
    gamma = math.log(max(high, before["high"]) / min(low, before["low"])) ** 2
    k = 3 - 2 * math.sqrt(2)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / k - math.sqrt(gamma / k)
    return max(2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)), 0.0)


def _corwin_schultz(column: Column, bars: pd.DataFrame) -> Array:
    spread = [np.nan] + [
        _corwin_schultz_pair(bars.iloc[i - 1], bars.iloc[i]) for i in range(1, len(bars))
    ]
    return np.asarray(windows(np.array(spread), column.window).mean(axis=1))


def _kyle(column: Column, bars: pd.DataFrame) -> Array:
    r = changes(bars["close"])
    prices, flows = windows(r, column.window), windows(np.sign(r) * _millions(bars), column.window)
    traded = _covariance(flows, flows)
    still = np.where(at_rest(prices), 0.0, np.nan)
    return np.where(
        traded == 0, still, _covariance(flows, prices) / np.where(traded == 0, 1.0, traded)
    )


def _dollar_volume(column: Column, bars: pd.DataFrame) -> Array:
    found = windows(_millions(bars), column.window)
    still = np.ptp(found, axis=1) == 0
    std = np.where(still, 1.0, found.std(axis=1, ddof=1))
    return np.where(still, 0.0, (found[:, -1] - found.mean(axis=1)) / std)


def _on_balance(column: Column, bars: pd.DataFrame) -> Array:
    volume = bars["volume"].to_numpy()
    signed = windows(np.sign(changes(bars["close"])) * volume, column.window).sum(axis=1)
    total = windows(volume, column.window).sum(axis=1)
    return signed / np.where(total == 0, np.nan, total)


VALUES: dict[str, Callable[[Column, pd.DataFrame], Array]] = {
    "amihud": _amihud,
    "roll_spread": _roll,
    "corwin_schultz_spread": _corwin_schultz,
    "kyle_lambda": _kyle,
    "dollar_volume_z_score": _dollar_volume,
    "on_balance_volume": _on_balance,
}
