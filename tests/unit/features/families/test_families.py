"""Each operator of the families against a second computation, to 1e-9 in float64."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from alphaline.features import Column
from alphaline.features.operators import OPERATORS, Operator
from tests.unit.features.families import (
    cross_asset_reference,
    liquidity_reference,
    statistics_reference,
    trend_reference,
    volatility_reference,
)
from tests.unit.features.families.folded import AWKWARD, FIELDS, Awkward, awkward_series, folded
from tests.unit.features.made_market import walk

Array = NDArray[np.float64]

FAMILIES = {
    "volatility": volatility_reference.VALUES,
    "trend": trend_reference.VALUES,
    "liquidity": liquidity_reference.VALUES,
    "statistics": statistics_reference.VALUES,
    "cross_asset": cross_asset_reference.VALUES,
}

# The least window, short ones, and one beyond those that are read whole.
WINDOWS = (5, 20, 70)

INPUTS = ((), ("close",), ("close", "INDEX"))

# Where a value is a difference of larger ones: how far from zero rounding may carry it.
ABSOLUTE = 1e-10

# What remains of one square after another is taken off: its root may be wrong by far more where little
# remains, so that the squares are compared. The largest jump of a price here is a factor of 10,000, whose
# logarithm squared is 85; rounding loses a few units of the last place of that.
ROOTS_OF_DIFFERENCES = {"residual_volatility"}
DIFFERENCE = 85 * 8 * float(np.finfo(np.float64).eps)


def columns_of(operator: str) -> list[Column]:
    """Return columns of the operator at several windows, with usual and with other parameters."""
    row = OPERATORS[operator]
    if row.minimum_window == 0:
        return [Column(operator, operator)]
    windows = [window for window in {row.minimum_window, *WINDOWS} if window >= row.minimum_window]
    return [
        Column(
            f"{operator}_{window}_{numbers}", operator, "1m", window, INPUTS[row.inputs], numbers
        )
        for window in windows
        for numbers in _parameters(row, window)
    ]


def _parameters(row: Operator, window: int) -> list[tuple[float, ...]]:
    others = [(float(n),) for n in (1, 4)] if row.parameters != ("order",) else [(0.9,)]
    tried = {row.usual, *others} if row.parameters else {()}
    return [numbers for numbers in sorted(tried) if not row.expected(window, numbers)]


def frame_of(bars: Array, series: dict[str, Array]) -> pd.DataFrame:
    """Return bars and series as the references read them."""
    return pd.DataFrame(bars, columns=list(FIELDS)).assign(**series)


def check(operators: dict[str, Callable[[Column, pd.DataFrame], Array]], bars: Array) -> None:
    """Compare every column of the operators with its reference at every bar."""
    series = {"INDEX": awkward_series(len(bars), 7)}
    columns = tuple(column for name in operators for column in columns_of(name))
    found = folded(columns, bars, series)
    frame = frame_of(bars, series)
    for column in columns:
        expected = np.asarray(operators[column.operator](column, frame), dtype=float)
        expected[: column.warm_up - 1] = np.nan
        ours, absolute = found[column.name], ABSOLUTE
        if column.operator in ROOTS_OF_DIFFERENCES:
            ours, expected, absolute = ours**2, expected**2, DIFFERENCE
        np.testing.assert_allclose(
            ours, expected, rtol=1e-9, atol=absolute, err_msg=column.name, equal_nan=True
        )


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=15, deadline=None)
@given(awkward=AWKWARD)
@example(awkward=Awkward(160, 3))
@example(awkward=Awkward(1, 3))
@example(awkward=Awkward(60, 1048576, jumps=((19, 0.01),)))
def test_operator_equals_its_reference(family: str, awkward: Awkward) -> None:
    check(FAMILIES[family], awkward.bars())


def test_every_operator_of_the_families_has_a_reference() -> None:
    known = {name for family in FAMILIES.values() for name in family}
    assert known <= set(OPERATORS)
    assert all(columns_of(name) for name in known)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_an_outlier_that_has_left_the_window_leaves_no_trace(seed: int) -> None:
    recursive = {"adx", "plus_di", "minus_di", "realised_volatility"}
    names = [name for family in FAMILIES.values() for name in family if name not in recursive]
    columns = tuple(column for name in names for column in columns_of(name) if column.window < 70)
    bars, series = walk(120, seed), {"INDEX": awkward_series(120, seed)}
    hit = bars.copy()
    hit[30] *= 1e5
    clean, found = folded(columns, bars, series), folded(columns, hit, series)
    for column in columns:
        after = slice(31 + column.look_back, None)
        np.testing.assert_array_equal(clean[column.name][after], found[column.name][after])
