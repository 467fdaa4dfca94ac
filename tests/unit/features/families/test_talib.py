"""Where TA-Lib defines the same thing, it is the same thing."""

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from alphaline.features import Column
from tests.unit.features.families.folded import folded
from tests.unit.features.made_market import walk

Array = NDArray[np.float64]

BARS = walk(400, 11)
HIGH, LOW, CLOSE, VOLUME = (np.ascontiguousarray(BARS[:, k]) for k in (1, 2, 3, 4))
C = ("close",)


def slow_stochastic(window: int, smoothing: int) -> Array:
    return np.asarray(
        talib.STOCHF(HIGH, LOW, CLOSE, fastk_period=window, fastd_period=smoothing)[1]
    )


CASES = [
    (Column("x", "adx", "1m", 14), talib.ADX(HIGH, LOW, CLOSE, 14)),
    (Column("x", "adx", "1m", 80), talib.ADX(HIGH, LOW, CLOSE, 80)),
    (Column("x", "plus_di", "1m", 14), talib.PLUS_DI(HIGH, LOW, CLOSE, 14)),
    (Column("x", "minus_di", "1m", 9), talib.MINUS_DI(HIGH, LOW, CLOSE, 9)),
    (Column("x", "aroon_down", "1m", 25), talib.AROON(HIGH, LOW, 25)[0]),
    (Column("x", "aroon_up", "1m", 100), talib.AROON(HIGH, LOW, 100)[1]),
    (Column("x", "aroon_oscillator", "1m", 14), talib.AROONOSC(HIGH, LOW, 14)),
    (Column("x", "stochastic_k", "1m", 14), talib.WILLR(HIGH, LOW, CLOSE, 14) + 100.0),
    (Column("x", "stochastic_d", "1m", 14, (), (3.0,)), slow_stochastic(14, 3)),
    (Column("x", "stochastic_d", "1m", 90, (), (70.0,)), slow_stochastic(90, 70)),
    (Column("x", "rate_of_change", "1m", 10, C), talib.ROCP(CLOSE, 10)),
    (Column("x", "difference", "1m", 10, C), talib.MOM(CLOSE, 10)),
    (Column("x", "trend_slope", "1m", 30, C), talib.LINEARREG_SLOPE(np.log(CLOSE), 30)),
    (Column("x", "trend_slope", "1m", 120, C), talib.LINEARREG_SLOPE(np.log(CLOSE), 120)),
    (Column("x", "high_distance", "1m", 40), CLOSE / talib.MAX(HIGH, 40) - 1.0),
    (Column("x", "low_distance", "1m", 40), CLOSE / talib.MIN(LOW, 40) - 1.0),
]


@pytest.mark.parametrize(
    ("column", "expected"), CASES, ids=[f"{c.operator}_{c.window}" for c, _ in CASES]
)
def test_operator_equals_talib(column: Column, expected: Array) -> None:
    found = folded((column,), BARS, {})["x"]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_correlation_equals_talib() -> None:
    index = np.ascontiguousarray(walk(400, 12)[:, 3])
    column = Column("x", "correlation", "1m", 20, ("close", "INDEX"))
    returns, others = np.diff(np.log(CLOSE)), np.diff(np.log(index))
    found = folded((column,), BARS, {"INDEX": index})["x"]
    expected = talib.CORREL(returns, others, 20)
    # TA-Lib takes differences of sums of squares: ten digits are left.
    np.testing.assert_allclose(found[1:], expected, rtol=1e-6, atol=1e-9)


def test_on_balance_volume_is_the_change_of_talibs_over_all_volume() -> None:
    column = Column("x", "on_balance_volume", "1m", 15)
    balance = talib.OBV(CLOSE, VOLUME)
    moved = balance[15:] - balance[:-15]
    found = folded((column,), BARS, {})["x"]
    np.testing.assert_allclose(found[15:], moved / (15 * talib.SMA(VOLUME, 15))[15:], rtol=1e-9)
