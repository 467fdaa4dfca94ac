"""The one compiled step: a bar, a micro-batch across instruments and a whole history are one loop."""

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.clocks import step_bucket, step_minute
from alphaline.features.compiled.layout import (
    CLOCK_FIRST,
    CLOCK_LAST,
    CLOCK_OFFSET,
    COUNT,
    GAP,
    INPUT,
    KIND,
    LOOK_BACK,
    OFFSET,
    OUT,
    SECOND_INPUT,
    WARM_UP,
)
from alphaline.features.compiled.session import begin_session, session_at, step_session
from alphaline.features.compiled.version import version_of
from alphaline.messages import MINUTE_NS

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

# Faults of the input, found before anything is changed.
NO_FAULT, ROW_UNKNOWN, TIME_BACKWARDS, NOT_A_MINUTE, NOT_POSITIVE = 0, 1, 2, 3, 4


@njit(error_model="numpy", forceinline=True)
def _is_sound(bar: Row) -> bool:
    # A comparison with NaN is false, so this also says that every number is finite.
    for field in range(4):
        if not 0.0 < bar[field] < math.inf:
            return False
    return bool(0.0 <= bar[at.VOLUME] < math.inf)


@njit(error_model="numpy", forceinline=True)
def _judge(state: Row, row: int, bar: Row, ts: int, minute: int, inside: bool) -> int:
    if row < 0 or row >= state.shape[0]:
        return ROW_UNKNOWN
    if minute * MINUTE_NS != ts:
        return NOT_A_MINUTE
    if minute <= state[row, at.PENDING]:
        return TIME_BACKWARDS
    if not _is_sound(bar):
        return NOT_POSITIVE
    if inside:
        state[row, at.PENDING] = minute
    return NO_FAULT


@njit(error_model="numpy", forceinline=True)
def _check(
    state: Row, rows: NDArray[np.int32], bars: Row, ts_event: Ints, sessions: Ints
) -> tuple[int, int]:
    session = -1
    for i in range(len(rows)):
        minute = ts_event[i] // MINUTE_NS
        session = session_at(sessions, minute, session)
        fault = _judge(state, rows[i], bars[i], ts_event[i], minute, session >= 0)
        if fault != NO_FAULT:
            for j in range(i):
                state[rows[j], at.PENDING] = state[rows[j], at.LAST]
            return fault, i
    return NO_FAULT, -1


@njit(error_model="numpy", forceinline=True)
def _take(
    s: Row, bar: Row, minute: int, index: int, sessions: Ints, clocks: Ints, table: Ints, p: Row
) -> None:
    if s[at.SESSION] != sessions[at.LABEL, index]:
        begin_session(s, sessions, index, clocks, table, p)
    expected = int(s[at.EXPECTED])
    missing = min(minute, int(s[at.CLOSE]))
    gap = expected < missing
    step_session(s, clocks[at.DAY], bar, minute, sessions[at.OPEN, index], gap, table, p)
    step_minute(s, clocks[at.ONE], bar, gap, table, p)
    step_bucket(s, clocks[at.FIVE], bar, minute, (expected, missing), table, p)
    step_bucket(s, clocks[at.THIRTY], bar, minute, (expected, missing), table, p)
    s[at.EXPECTED] = max(expected, minute + 1)
    s[at.LAST] = minute


@njit(error_model="numpy", forceinline=True)
def _show_bars(
    s: Row, clock: Ints, table: Ints, values: NDArray[np.float32], status: NDArray[np.uint8]
) -> None:
    base = clock[CLOCK_OFFSET]
    count = int(s[base + COUNT])
    since_gap = count + 1 - int(s[base + GAP])
    if s[base + GAP] == 0.0:
        since_gap = 1 << 40
    for j in range(clock[CLOCK_FIRST], clock[CLOCK_LAST]):
        value = s[table[j, OFFSET]]
        out = table[j, OUT]
        if count < table[j, WARM_UP] or math.isnan(value):
            values[out] = math.nan
            status[out] = at.STATUS_NOT_WARM
        else:
            values[out] = value
            status[out] = at.STATUS_GAP if since_gap < table[j, LOOK_BACK] else at.STATUS_OK


@njit(error_model="numpy", forceinline=True)
def _show_observed(
    row: Ints, observed: Row, values: NDArray[np.float32], status: NDArray[np.uint8]
) -> None:
    first, second, out = row[INPUT], row[SECOND_INPUT], row[OUT]
    value, age = observed[2 * first], observed[2 * first + 1]
    if row[KIND] == at.SPREAD:
        value -= observed[2 * second]
        age = max(age, observed[2 * second + 1])
    values[out] = math.nan
    if math.isnan(value):
        status[out] = at.STATUS_NOT_WARM
    elif age > at.MAXIMUM_AGE:
        status[out] = at.STATUS_STALE
    else:
        values[out] = value
        status[out] = at.STATUS_OK


@njit(error_model="numpy", forceinline=True)
def _show_rest(
    clock: Ints,
    minute: int,
    opened: int,
    close: int,
    observed: Row,
    table: Ints,
    values: NDArray[np.float32],
    status: NDArray[np.uint8],
) -> None:
    for j in range(clock[CLOCK_FIRST], clock[CLOCK_LAST]):
        kind = table[j, KIND]
        if kind in (at.MINUTES_SINCE_OPEN, at.MINUTES_TO_CLOSE):
            out = table[j, OUT]
            values[out] = (
                minute + 1 - opened if kind == at.MINUTES_SINCE_OPEN else close - minute - 1
            )
            status[out] = at.STATUS_OK
        else:
            _show_observed(table[j], observed, values, status)


def _compiled(version: int) -> Any:
    # The cached machine code of a closure is found by what it closes over: a change in any function
    # below it gives another version and so another entry, which the file's own time would not.
    @njit(cache=True, error_model="numpy")
    def step(
        state: Row,
        rows: NDArray[np.int32],
        bars: Row,
        ts_event: Ints,
        observations: Row,
        clocks: Ints,
        table: Ints,
        parameters: Row,
        sessions: Ints,
        values: NDArray[np.float32],
        status: NDArray[np.uint8],
    ) -> tuple[int, int]:
        if version < 0:
            return NO_FAULT, -1
        fault, where = _check(state, rows, bars, ts_event, sessions)
        if fault != NO_FAULT:
            return fault, where
        index = -1
        for i in range(len(rows)):
            s, minute = state[rows[i]], ts_event[i] // MINUTE_NS
            index = session_at(sessions, minute, index)
            if index < 0:
                values[i] = math.nan
                status[i] = at.STATUS_NOT_WARM
                continue
            _take(s, bars[i], minute, index, sessions, clocks, table, parameters)
            for k in range(4):
                _show_bars(s, clocks[k], table, values[i], status[i])
            _show_rest(
                clocks[at.NONE],
                minute,
                sessions[at.OPEN, index],
                sessions[at.SHUT, index],
                observations[i],
                table,
                values[i],
                status[i],
            )
        return NO_FAULT, -1

    return step


OPERATOR_VERSION = version_of(_check, _take, _show_bars, _show_rest, _compiled)

step = _compiled(int(OPERATOR_VERSION[:15], 16))
