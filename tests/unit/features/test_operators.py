"""The battery that every operator has to pass on every base and timeframe that it declares.

What a set of all cases gives is computed once for each base; the tests look at an operator's columns.
"""

import os
import subprocess
import sys
from functools import cache
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from alphaline.features import Column, Engine
from alphaline.features.feature_set import Base
from alphaline.features.operators import OPERATORS
from alphaline.messages import digest
from tests.unit.features.operator_cases import (
    BASES,
    Market,
    bar_starts,
    bars_closed,
    columns_as_set,
    columns_of,
    complete,
    feature_set_of,
    fold,
    market,
    observations,
)

OK, NOT_WARM, GAP, STALE = 0, 1, 2, 3
Values = NDArray[np.float32]
Status = NDArray[np.uint8]

CASES = [(base, name) for base in BASES for name in OPERATORS if columns_of(name, base)]
every_case = pytest.mark.parametrize(("base", "name"), CASES)

Kind = Literal["complete", "thinned", "scaled", "other future", "at rest"]


@cache
def made(base: Base, kind: Kind, seed: int = 1) -> Market:
    full = complete(base, seed)
    if kind == "complete":
        return full
    found = full.thinned(0.03, seed)
    if kind == "scaled":
        found.bars[:, :4] *= 0.01
        found.bars[:, 4] *= 7.0
        found.observed[:, 0::2] *= 3.0
    if kind == "other future":
        found.bars[_half(found) :] *= 3.0
        found.observed[_half(found) :, 0::2] *= 0.5
    if kind == "at rest":
        found.bars[:] = (0.1, 0.1, 0.1, 0.1, 0.0)
        found.observed[:, 0::2] = 0.1
    return found


def _half(found: Market) -> int:
    return len(found.ts) // 2


@cache
def run(base: Base, kind: Kind, seed: int = 1) -> tuple[Values, Status, NDArray[np.float64]]:
    return fold(feature_set_of(base), made(base, kind, seed))


@cache
def places(base: Base, name: str) -> list[int]:
    chosen = feature_set_of(base)
    return [chosen.index(column.name) for column in columns_of(name, base)]


@cache
def bar_by_bar(base: Base) -> tuple[Values, Status, NDArray[np.float64]]:
    """Fold three instruments in micro-batches, the first of them with a state through bytes."""
    chosen, markets = feature_set_of(base), [made(base, "thinned", seed) for seed in (1, 2, 3)]
    engine = Engine(chosen, market(base))
    state = engine.new_state(3)
    ts = np.concatenate([one.ts for one in markets])
    rows = np.repeat(np.arange(3, dtype=np.int32), [len(one.ts) for one in markets])
    bars = np.concatenate([one.bars for one in markets])
    known = np.concatenate([observations(chosen, one) for one in markets])
    values = np.empty((len(ts), len(chosen.columns)), np.float32)
    status = np.empty(values.shape, np.uint8)
    order = np.argsort(ts, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(ts[order])) + 1):
        values[part], status[part] = engine.update(
            state, rows[part], bars[part], ts[part], known[part]
        )
        if rows[part[0]] == 0 and part[0] % 50 == 0:
            state = np.frombuffer(state.tobytes()).reshape(state.shape).copy()
    return values[rows == 0], status[rows == 0], state


def test_every_operator_has_a_case() -> None:
    assert {name for _, name in CASES} == set(OPERATORS)


@every_case
def test_micro_batches_with_a_restored_state_equal_one_fold(base: Base, name: str) -> None:
    at = places(base, name)
    for expected, found in zip(run(base, "thinned")[:2], bar_by_bar(base)[:2], strict=True):
        assert expected[:, at].tobytes() == found[:, at].tobytes()


@pytest.mark.parametrize("base", BASES)
def test_states_of_micro_batches_equal_those_of_folds(base: Base) -> None:
    state = bar_by_bar(base)[2]
    for row, seed in enumerate((1, 2, 3)):
        assert state[row].tobytes() == run(base, "thinned", seed)[2][0].tobytes()


@every_case
def test_what_comes_later_changes_nothing(base: Base, name: str) -> None:
    at, half = places(base, name), _half(made(base, "thinned"))
    for expected, found in zip(
        run(base, "thinned")[:2], run(base, "other future")[:2], strict=True
    ):
        assert expected[:half, at].tobytes() == found[:half, at].tobytes()


@every_case
def test_values_stand_where_the_status_says_so(base: Base, name: str) -> None:
    for kind in ("complete", "thinned", "at rest"):
        values, status, _ = run(base, kind)  # type: ignore[arg-type]
        values, status = values[:, places(base, name)], status[:, places(base, name)]
        there = (status == OK) | (status == GAP)
        assert np.isfinite(values[there]).all()
        assert np.isnan(values[~there]).all()
        assert set(np.unique(status)) <= {OK, NOT_WARM, GAP, STALE}


@every_case
def test_the_first_value_appears_with_the_declared_bar(base: Base, name: str) -> None:
    for column in columns_of(name, base):
        if column.timeframe == "none":
            continue
        at = feature_set_of(base).index(column.name)
        closed, warm = bars_closed(base, column.timeframe), max(1, column.warm_up)
        appears = False
        for seed in (1, 2, 3):
            values = run(base, "complete", seed)[0][:, at]
            if not column.is_made_anew:
                assert np.isnan(values[closed < warm]).all(), column.name
            appears |= bool(np.isfinite(values[closed == warm]).any())
        assert appears, column.name


@every_case
def test_another_unit_changes_values_only_where_that_is_declared(base: Base, name: str) -> None:
    at = places(base, name)
    expected, found = run(base, "thinned"), run(base, "scaled")
    if OPERATORS[name].scaling == "invariant":
        np.testing.assert_array_equal(expected[1][:, at], found[1][:, at])
        np.testing.assert_allclose(found[0][:, at], expected[0][:, at], rtol=1e-6, atol=1e-8)
    else:
        assert not np.array_equal(found[0][:, at], expected[0][:, at], equal_nan=True)


# A usual window, at which a look-back beyond the warm-up tells a memory that has no end.
USUAL = 20


def _fades(name: str) -> bool:
    operator = OPERATORS[name]
    window = max(USUAL, operator.minimum_window)
    return operator.look_back(window, operator.usual) > operator.warm_up(window, operator.usual)


@every_case
def test_a_window_ends_where_it_is_declared_to(base: Base, name: str) -> None:
    full = made(base, "complete")
    for column in columns_of(name, base) if not _fades(name) else ():
        last = len(full.ts) - 1
        first = _first_row(base, column, last)
        older = Market(full.ts, full.bars.copy(), full.observed.copy())
        older.bars[:first] *= (1.5, 1.5, 1.5, 1.5, 3.0)
        older.observed[:first, 0::2] *= 0.7
        chosen = columns_as_set(base, (column,))
        expected, found = fold(chosen, full)[0][last, 0], fold(chosen, older)[0][last, 0]
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9, nan_ok=True), column.name


def _first_row(base: Base, column: Column, last: int) -> int:
    """Return the first bar of the base within the look-back from ``last``."""
    if column.look_back == 0:
        return last
    closed, begins = bars_closed(base, column.timeframe), bar_starts(base, column.timeframe)
    number = closed[last] - column.look_back
    before = np.flatnonzero((closed == number) & (begins <= last))
    # The bar that is closed last begins after the last of those that are not looked at.
    return int(before[0]) + 1 if number > 0 else 0


@every_case
def test_a_missing_observation_starts_the_operator_anew(base: Base, name: str) -> None:
    for column in columns_of(name, base):
        if not column.has_observed_input:
            continue
        lost = _lossy(base)
        values, status, _ = fold(columns_as_set(base, (column,)), lost)
        count, stale = _own_count(base, column, lost)
        cold = count < max(1, column.warm_up)
        assert np.isnan(values[cold, 0]).all(), column.name
        np.testing.assert_array_equal(status[:, 0] == STALE, stale)
        assert np.isfinite(values[~cold, 0]).mean() > 0.9 or cold.all(), column.name


@cache
def _lossy(base: Base) -> Market:
    found = complete(base)
    random = np.random.default_rng(5)
    share = 0.02 if base == "session" else 0.004
    found.observed[random.random(len(found.ts)) < share] = np.nan
    found.observed[random.random(len(found.ts)) < share, 1] = 6.0
    return found


def _own_count(
    base: Base, column: Column, made: Market
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    closed = bars_closed(base, column.timeframe)
    count, stale = np.zeros(len(closed), np.int64), np.zeros(len(closed), np.bool_)
    own, old, before = 0, False, 0
    for i, number in enumerate(closed.tolist()):
        if number < before:
            own, old, before = 0, False, 0
        if number > before:
            value, age = made.observed[i, :2]
            own = own + 1 if np.isfinite(value) and age <= 5 else 0
            old = bool(np.isfinite(value) and age > 5)
        count[i], stale[i], before = own, old, number
    return count, stale


@every_case
def test_after_a_missing_observation_nothing_older_counts(base: Base, name: str) -> None:
    for column in columns_of(name, base):
        if not column.has_observed_input:
            continue
        closes = np.flatnonzero(np.diff(bars_closed(base, column.timeframe), prepend=0) > 0)
        lost = int(closes[len(closes) * 3 // 5])
        full = complete(base)
        full.observed[lost, :2] = np.nan
        older = Market(full.ts, full.bars.copy(), full.observed.copy())
        first = int(bar_starts(base, column.timeframe)[lost])
        older.bars[:first] *= (1.5, 1.5, 1.5, 1.5, 3.0)
        older.observed[:first, 0] *= 0.7
        chosen = columns_as_set(base, (column,))
        expected, found = fold(chosen, full)[0][lost:, 0], fold(chosen, older)[0][lost:, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9, err_msg=column.name)


# The bases between have no code of their own, and plain code is slow.
INTERPRETED: tuple[Base, ...] = ("1m", "session")
ROWS = 150

PROGRAM = """
from tests.unit.features.test_operators import INTERPRETED, digest_of
print(*map(digest_of, INTERPRETED))
"""


def digest_of(base: Base) -> str:
    full = made(base, "thinned")
    values, status, state = fold(
        feature_set_of(base), Market(full.ts[:ROWS], full.bars[:ROWS], full.observed[:ROWS])
    )
    return digest(values.tobytes() + status.tobytes() + state.tobytes())


def test_interpreted_operators_give_the_same_bytes() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, text=True
    )
    assert answer.stdout.split() == [digest_of(base) for base in INTERPRETED]
