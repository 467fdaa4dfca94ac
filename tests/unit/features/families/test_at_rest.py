"""What the table of operators says of series that do not move, exactly."""

import numpy as np
import pytest

from alphaline.features import Column
from tests.unit.features.families.folded import folded
from tests.unit.features.families.test_families import FAMILIES, columns_of

REST = {
    "stochastic_k": 50.0,
    "stochastic_d": 50.0,
    "aroon_up": 100.0,
    "aroon_down": 100.0,
    "hurst": 0.5,
    "variance_ratio": 1.0,
}

NAMES = [name for family in FAMILIES.values() for name in family]

# What only depends on log changes of the close: at rest too where the price grows evenly.
OF_DEVIATIONS = (
    "scaled_momentum",
    "autocorrelation",
    "hurst",
    "skewness",
    "kurtosis",
    "variance_ratio",
    "beta",
    "correlation",
    "residual_volatility",
)


@pytest.mark.parametrize("price", [0.1, 7.0, 123456.789])
def test_constant_prices_give_the_value_of_rest(price: float) -> None:
    columns = tuple(column for name in NAMES for column in columns_of(name))
    bars = np.tile([price, price, price, price, 7.1], (150, 1))
    found = folded(columns, bars, {"INDEX": np.full(150, 19.3)})
    for column in columns:
        values = found[column.name][column.warm_up - 1 :]
        assert (values == REST.get(column.operator, 0.0)).all(), column.name


@pytest.mark.parametrize("growth", [1.01, 0.97, 1.0000123])
def test_even_growth_is_no_deviation(growth: float) -> None:
    columns = tuple(column for name in OF_DEVIATIONS for column in columns_of(name))
    price = 50.0 * growth ** np.arange(150)
    bars = np.stack([price, price, price, price, np.full(150, 3.0)], axis=1)
    found = folded(columns, bars, {"INDEX": price[::-1].copy()})
    for column in columns:
        values = found[column.name][column.warm_up - 1 :]
        assert (values == REST.get(column.operator, 0.0)).all(), column.name


@pytest.mark.parametrize("operator", ["amihud", "on_balance_volume", "kyle_lambda"])
def test_prices_that_move_without_volume_say_nothing_of_liquidity(operator: str) -> None:
    price = 50.0 + np.arange(60) % 7
    bars = np.stack([price, price, price, price, np.zeros(60)], axis=1)
    found = folded((Column("x", operator, "1m", 5),), bars, {})
    assert np.isnan(found["x"]).all()


@pytest.mark.parametrize("operator", ["momentum", "skewness", "trend_slope", "correlation"])
def test_an_input_that_is_not_positive_is_null_until_it_has_left(operator: str) -> None:
    column = next(c for c in columns_of(operator) if c.window == 5)
    bars = np.tile([5.0, 6.0, 4.0, 5.0, 1.0], (40, 1))
    bars[:, 3] = 5.0 + 0.1 * (np.arange(40) % 3)
    index = 20.0 + np.arange(40) % 4
    column = Column(
        "x", operator, "1m", 5, ("INDEX", "close")[: len(column.input)], column.parameters
    )
    index[20] = 0.0
    found = folded((column,), bars, {"INDEX": index})["x"]
    before, after = 20, 20 + column.look_back
    assert np.isfinite(found[column.warm_up - 1 : before]).all()
    assert np.isfinite(found[after:]).all()
    assert np.isnan(found[20])
