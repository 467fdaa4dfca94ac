"""Operators that read an observed series in place of a field of the bar."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from alphaline.errors import ContractError
from alphaline.features import Column, FeatureSet
from tests.unit.features.made_market import EPOCH, Run, calendar, minutes_of, walk

OK, NOT_WARM, GAP, STALE = 0, 1, 2, 3
VIX = np.linspace(10.0, 20.0, 20)


def run(
    column: Column, missing: int | None = None, stale: int | None = None, value: float = math.nan
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Fold 20 minutes beside a series that moves each minute, with one bad observation of each kind."""
    sessions = calendar(1)
    ts = minutes_of(sessions)[:20]
    plain = Column("plain", "z_score", "1m", 3, ("close",))
    made = Run(FeatureSet("observed_v1", (column, plain), EPOCH), sessions, ts, walk(20, 1))
    made.observations = np.stack([VIX, np.zeros(20)], axis=1)
    if missing is not None:
        made.observations[missing, 0] = value
    if stale is not None:
        made.observations[stale, 1] = 6.0
    values, status = made.fold()
    assert status[2:, 1].tolist() == [OK] * 18
    return values[:, 0], status[:, 0]


RETURN = Column("r", "log_return", "1m", 2, ("VIX",))


def test_an_operator_reads_the_series_in_place_of_the_close() -> None:
    values, status = run(RETURN)
    np.testing.assert_allclose(values[2:], np.log(VIX[2:] / VIX[:-2]), rtol=1e-7)
    assert status.tolist() == [NOT_WARM] * 2 + [OK] * 18


def test_a_missing_observation_starts_that_operator_anew() -> None:
    values, status = run(RETURN, missing=6)
    assert status.tolist() == [1, 1, 0, 0, 0, 0, 1, 1, 1, *[0] * 11]
    np.testing.assert_allclose(values[9:], np.log(VIX[9:] / VIX[7:-2]), rtol=1e-7)


def test_a_stale_observation_says_so_while_it_is_stale() -> None:
    _, status = run(RETURN, stale=6)
    assert status.tolist() == [1, 1, 0, 0, 0, 0, STALE, 1, 1, *[0] * 11]


def test_a_stale_observation_at_a_bucket_close_says_so_until_the_next() -> None:
    _, status = run(Column("e", "log_return", "5m", 1, ("VIX",)), stale=9)
    assert status.tolist() == [1] * 9 + [STALE] * 5 + [1] * 5 + [0]


def test_an_observation_that_is_missing_between_closes_changes_nothing() -> None:
    _, status = run(Column("e", "log_return", "5m", 1, ("VIX",)), missing=7)
    assert status.tolist() == [1] * 9 + [0] * 11


@pytest.mark.parametrize(("max_age", "seen"), [(6, OK), (5, STALE)])
def test_a_series_is_as_old_as_its_column_allows(max_age: int, seen: int) -> None:
    column = Column("r", "log_return", "1m", 2, ("VIX",), max_age=max_age)
    assert run(column, stale=6)[1][6] == seen
    shown = Column("v", "last_known", "none", 0, ("VIX",), max_age=max_age)
    assert run(shown, stale=6)[1].tolist() == [OK] * 6 + [seen] + [OK] * 13


@pytest.mark.parametrize(("name", "max_age"), [("VIX", 0), ("close", 10)])
def test_an_age_that_nothing_has_is_refused(name: str, max_age: int) -> None:
    with pytest.raises(ContractError, match="max_age of 1 or more, of observed inputs only"):
        Column("r", "log_return", "1m", 2, (name,), max_age=max_age)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_logarithm_of_nothing_is_null(value: float) -> None:
    values, status = run(RETURN, missing=6, value=value)
    assert np.isnan(values[[6, 8]]).all()
    assert status[[6, 7, 8]].tolist() == [1, 0, 1]


@pytest.mark.parametrize("name", ["vix", "Vix", "clsoe", ""])
def test_a_name_that_is_neither_field_nor_series_is_refused(name: str) -> None:
    with pytest.raises(ContractError, match="names of series in capitals"):
        Column("r", "log_return", "1m", 2, (name,))


def test_without_bars_there_are_no_fields() -> None:
    with pytest.raises(ContractError, match="names of series"):
        Column("r", "last_known", "none", 0, ("close",))
