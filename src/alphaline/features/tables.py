"""The columns of a feature set as the arrays that the compiled step reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alphaline.features.columns import INPUTS, TIMEFRAMES, Column
from alphaline.features.compiled import layout as at

# Length of a bucket in minutes; the session's length comes from the session table.
_MINUTES = {"1m": 1, "5m": 5, "30m": 30}

# Session operators come first in a state row, so that what resets each session is one piece.
_INTRADAY_PLACING = ((at.DAY,), (at.ONE, at.FIVE, at.THIRTY))
_SESSION_PLACING = ((at.DAY, at.WEEK, at.MONTH),)


@dataclass(frozen=True, eq=False, slots=True)
class Tables:
    """Arrays for the compiled step, and the length of a state row."""

    clocks: NDArray[np.int64]
    operators: NDArray[np.int64]
    parameters: NDArray[np.float64]
    state_size: int


def tables(columns: tuple[Column, ...], series: tuple[str, ...], bar_minutes: int) -> Tables:
    """Return the tables of columns that read these series; rows are sorted by clock.

    ``bar_minutes`` is the length of the bars that are fed, 0 for sessions.
    """
    order = sorted(range(len(columns)), key=lambda out: _clock(columns[out]))
    placed = [columns[out] for out in order]
    offsets, clock_offsets, size = _places(placed, bar_minutes)
    rows = [
        _row(column, offset, out, series)
        for column, offset, out in zip(placed, offsets, order, strict=True)
    ]
    return Tables(
        clocks=_clocks(placed, clock_offsets, (size, 2 * len(series), bar_minutes)),
        operators=np.array(rows, dtype=np.int64).reshape(-1, at.TABLE),
        parameters=np.array([_numbers(column) for column in placed]).reshape(-1, at.PARAMETERS),
        state_size=size,
    )


def _clock(column: Column) -> int:
    # Values that are made anew for each vector have no state and need no closed bar.
    if column.is_made_anew:
        return at.NONE
    return TIMEFRAMES.index(column.timeframe)


def _places(columns: list[Column], bar_minutes: int) -> tuple[list[int], dict[int, int], int]:
    offsets = [0] * len(columns)
    clock_offsets: dict[int, int] = {}
    place = at.HEADER
    for members in _INTRADAY_PLACING if bar_minutes else _SESSION_PLACING:
        for clock in members:
            clock_offsets[clock] = place
            place += at.CLOCK
        for i, column in enumerate(columns):
            if _clock(column) in members:
                offsets[i] = place + column.has_observed_input
                place += column.has_observed_input + _block(column)
    return offsets, clock_offsets, place


def _clocks(
    columns: list[Column], offsets: dict[int, int], of_the_row: tuple[int, int, int]
) -> NDArray[np.int64]:
    of_columns = [_clock(column) for column in columns]
    clocks = np.zeros((len(TIMEFRAMES), at.CLOCK_TABLE), dtype=np.int64)
    clocks[:, at.CLOCK_FIRST] = np.searchsorted(of_columns, range(len(TIMEFRAMES)))
    clocks[:, at.CLOCK_LAST] = np.searchsorted(of_columns, range(len(TIMEFRAMES)), "right")
    for clock, offset in offsets.items():
        clocks[clock, at.CLOCK_OFFSET] = offset
        clocks[clock, at.CLOCK_MINUTES] = _MINUTES.get(TIMEFRAMES[clock], 0)
    clocks[at.NONE, [at.STATE_SIZE, at.OBSERVED, at.FED]] = of_the_row
    return clocks


def _row(column: Column, offset: int, out: int, series: tuple[str, ...]) -> tuple[int, ...]:
    first, second = ([_input(name, column, series) for name in column.input] + [0, 0])[:2]
    return (
        column.definition.kind,
        offset,
        column.window,
        first,
        second,
        column.warm_up,
        column.look_back,
        out,
        _block(column) if column.has_observed_input else 0,
        column.max_age,
    )


def _block(column: Column) -> int:
    return 1 + column.definition.size(column.window)


def _input(name: str, column: Column, series: tuple[str, ...]) -> int:
    if name in INPUTS:
        return INPUTS.index(name)
    # Without a bar every input is a series.
    return series.index(name) + (0 if column.timeframe == "none" else at.SERIES)


def _numbers(column: Column) -> tuple[float, ...]:
    numbers = column.definition.coefficients(column.window, column.parameters)
    return (*numbers, *(0.0,) * (at.PARAMETERS - len(numbers)))
