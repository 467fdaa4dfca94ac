"""The battery that every column has to pass, whatever it computes."""

import numpy as np
from numpy.typing import NDArray

from alphaline.features import Column
from alphaline.market.sessions import SessionTable
from tests.unit.features.made_market import Run, calendar, minutes_of, single, thinned, walk
from tests.unit.features.reference import reference

SESSIONS = calendar(days=7)

# Numbers that only depend on ratios of prices, and no fixed level.
UNSCALED = {"minutes_since_open", "minutes_to_close", "last_known", "spread"}


def check_feature(column: Column) -> None:
    """Run every check of the battery on one column."""
    check_reference(column)
    check_bar_by_bar_equals_fold(column)
    check_prefix(column)
    check_restored_state_goes_on(column)
    check_constant_prices(column)
    check_outlier_leaves_no_trace(column)
    check_scale(column)
    check_status_says_where_values_are(column)


def _run(column: Column, seed: int = 1, share: float = 0.03) -> Run:
    ts = thinned(minutes_of(SESSIONS), share, seed)
    return Run(single(column), SESSIONS, ts, walk(len(ts), seed))


def check_reference(column: Column) -> None:
    """Compare values and status codes with those of plain pandas."""
    if column.timeframe == "none":
        return
    run = _run(column)
    compare_with_reference(column, SESSIONS, run)


def compare_with_reference(column: Column, sessions: SessionTable, run: Run) -> None:
    """Fold a run and compare float32 values (two units in the last place) and codes."""
    values, status = run.fold()
    expected, codes = reference(column, sessions, run.ts, run.bars)
    np.testing.assert_array_equal(status[:, 0], codes, err_msg=column.name)
    np.testing.assert_allclose(values[:, 0], expected, rtol=2.5e-7, atol=1e-11, err_msg=column.name)


def check_bar_by_bar_equals_fold(column: Column) -> None:
    """Check that one call per bar gives the bytes of one call for all, state included."""
    whole, single_bars = _run(column), _run(column)
    expected = whole.fold()
    found = [single_bars.take(i, i + 1) for i in range(len(whole.ts))]
    _same_bytes(expected[0], np.concatenate([values for values, _ in found]))
    _same_bytes(expected[1], np.concatenate([status for _, status in found]))
    _same_bytes(whole.state, single_bars.state)


def check_prefix(column: Column) -> None:
    """Check that what comes later changes no earlier row."""
    cut = 777
    whole, part = _run(column), _run(column)
    part.bars[cut:] *= 3.0
    for expected, found in zip(whole.fold(), part.take(0, cut), strict=True):
        _same_bytes(expected[:cut], found)


def check_restored_state_goes_on(column: Column) -> None:
    """Check that a state that was bytes in between goes on as if it had not been."""
    whole, broken = _run(column), _run(column)
    expected = whole.fold()
    half = len(whole.ts) // 2
    broken.take(0, half)
    kept = broken.state.tobytes()
    broken.state = np.frombuffer(kept).reshape(broken.state.shape).copy()
    for rows, found in zip(expected, broken.take(half, len(whole.ts)), strict=True):
        _same_bytes(rows[half:], found)
    _same_bytes(whole.state, broken.state)


def check_constant_prices(column: Column) -> None:
    """Check that prices that do not move give the value of rest, and never a non-finite one."""
    run = _run(column, share=0.0)
    run.bars[:] = (0.1, 0.1, 0.1, 0.1, 7.0)
    values, status = run.fold()
    if column.operator in UNSCALED:
        return
    there = values[status[:, 0] != 1, 0]
    rest = {"rsi": 50.0, "range_position": 0.5}.get(column.operator, 0.0)
    assert len(there) > 0, column.name
    np.testing.assert_allclose(there, rest, rtol=0, atol=3e-16, err_msg=column.name)


def check_outlier_leaves_no_trace(column: Column) -> None:
    """Check that a price a million times too high harms nothing once its session is over."""
    if column.timeframe in ("session", "none"):
        return
    clean, hit = _run(column), _run(column)
    hit.bars[40, :4] *= 1e6
    second = int(np.searchsorted(clean.ts, SESSIONS.start[1]))
    _same_bytes(clean.fold()[0][second:], hit.fold()[0][second:])


def check_scale(column: Column) -> None:
    """Check that prices in another unit and volumes in another lot give the same values."""
    if column.operator in UNSCALED:
        return
    plain, scaled = _run(column), _run(column)
    scaled.bars[:, :4] *= 0.01
    scaled.bars[:, 4] *= 100.0
    expected, found = plain.fold(), scaled.fold()
    np.testing.assert_array_equal(expected[1], found[1])
    np.testing.assert_allclose(expected[0], found[0], rtol=1e-6, atol=1e-10, err_msg=column.name)


def check_status_says_where_values_are(column: Column) -> None:
    """Check that values are finite where the status is ok or gap and null elsewhere."""
    for count in (1, len(minutes_of(SESSIONS)) // 2):
        values, status = _run(column).take(0, count)
        there = (status == 0) | (status == 2)
        assert np.isfinite(values[there]).all(), column.name
        assert np.isnan(values[~there]).all(), column.name
        assert set(np.unique(status)) <= {0, 1, 2, 3}


def _same_bytes(expected: NDArray[np.generic], found: NDArray[np.generic]) -> None:
    assert expected.dtype == found.dtype
    assert expected.tobytes() == found.tobytes()
