"""Operators of volatility by plain numpy."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.features import Column
from tests.unit.features.families.rolling import REST, changes, lagged, windows

Array = NDArray[np.float64]


def _logs(bars: pd.DataFrame) -> tuple[Array, Array, Array, Array]:
    # Relative to the open, which every one of these estimators allows.
    opened = bars["open"].to_numpy()
    high, low, close = (np.log(bars[name].to_numpy() / opened) for name in ("high", "low", "close"))
    before = np.log(lagged(bars["close"].to_numpy(), 1) / opened)
    return high, low, close, before


def _garman_klass(column: Column, bars: pd.DataFrame) -> Array:
    high, low, close, _ = _logs(bars)
    single = (high - low) ** 2 / 2 - (2 * math.log(2) - 1) * close**2
    return np.sqrt(windows(single, column.window).mean(axis=1))


def _rogers_satchell_bar(bars: pd.DataFrame) -> Array:
    high, low, close, _ = _logs(bars)
    return high * (high - close) + low * (low - close)


def _rogers_satchell(column: Column, bars: pd.DataFrame) -> Array:
    mean = windows(_rogers_satchell_bar(bars), column.window).mean(axis=1)
    return np.sqrt(np.maximum(mean, 0.0))


def _yang_zhang(column: Column, bars: pd.DataFrame) -> Array:
    w = column.window
    _, _, close, before = _logs(bars)
    k = 0.34 / (1.34 + (w + 1) / (w - 1))
    overnight = windows(-before, w).var(axis=1, ddof=1)
    inside = windows(close, w).var(axis=1, ddof=1)
    range_part = windows(_rogers_satchell_bar(bars), w).mean(axis=1)
    return np.sqrt(np.maximum(overnight + k * inside + (1 - k) * range_part, 0.0))


def _one_sided(column: Column, bars: pd.DataFrame) -> Array:
    found = windows(changes(bars["close"]), column.window)
    sided = np.minimum(found, 0) if column.operator.endswith("down") else np.maximum(found, 0)
    return np.sqrt((sided**2).mean(axis=1))


def _bipower(column: Column, bars: pd.DataFrame) -> Array:
    r = abs(changes(bars["close"]))
    return np.sqrt(math.pi / 2 * windows(r * lagged(r, 1), column.window).mean(axis=1))


def _realised(_: Column, bars: pd.DataFrame) -> Array:
    found = np.sqrt(np.nancumsum(changes(bars["close"]) ** 2))
    found[:1] = np.nan
    return found


def _of_volatility(column: Column, bars: pd.DataFrame) -> Array:
    deviation = windows(changes(bars["close"]), int(column.parameters[0])).std(axis=1, ddof=1)
    found = windows(deviation, column.window)
    mean, std = found.mean(axis=1), found.std(axis=1, ddof=1)
    return np.where(mean <= REST, 0.0, std / np.where(mean <= REST, 1.0, mean))


VALUES: dict[str, Callable[[Column, pd.DataFrame], Array]] = {
    "garman_klass_volatility": _garman_klass,
    "rogers_satchell_volatility": _rogers_satchell,
    "yang_zhang_volatility": _yang_zhang,
    "semivolatility_down": _one_sided,
    "semivolatility_up": _one_sided,
    "bipower_volatility": _bipower,
    "realised_volatility": _realised,
    "volatility_of_volatility": _of_volatility,
}
