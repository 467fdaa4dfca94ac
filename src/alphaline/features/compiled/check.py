"""What is looked at before a call changes anything."""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.jit import inlined
from alphaline.features.compiled.session import session_at
from alphaline.messages import MINUTE_NS

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

# Faults of the input, found before anything is changed.
NO_FAULT, ROW_UNKNOWN, TIME_BACKWARDS, NOT_A_START, NOT_POSITIVE, SHAPE = 0, 1, 2, 3, 4, 5
CALENDAR_ENDS = 6


@inlined
def shapes_fit(
    state: Row, rows: NDArray[np.int32], bars: Row, ts_event: Ints, observations: Row, clocks: Ints
) -> bool:
    """Return whether the arrays of a call have the lengths that the step goes by."""
    count = len(rows)
    return (
        state.shape[1] == clocks[at.NONE, at.STATE_SIZE]
        and bars.shape == (count, 5)
        and len(ts_event) == count
        and observations.shape == (count, clocks[at.NONE, at.OBSERVED])
    )


@inlined
def _is_sound(bars: Row, i: int) -> bool:
    # A comparison with NaN is false, so this also says that every number is finite.
    for field in range(4):
        if not 0.0 < bars[i, field] < math.inf:
            return False
    return bool(0.0 <= bars[i, at.VOLUME] < math.inf)


@inlined
def _is_start(sessions: Ints, index: int, ts: int, minute: int, fed: int) -> bool:
    if minute * MINUTE_NS != ts:
        return False
    if fed > 0:
        return fed == 1 or minute % fed == 0
    # What comes before the epoch counts for nothing.
    if index < 0:
        return bool(minute < sessions[at.START, 0])
    return bool(minute == sessions[at.OPEN, index])


@inlined
def _makes_periods(clocks: Ints) -> bool:
    return bool(clocks[at.WEEK, at.CLOCK_FIRST] < clocks[at.MONTH, at.CLOCK_LAST])


@inlined
def _is_beyond(sessions: Ints, index: int) -> bool:
    left = at.SESSIONS_LEFT
    return index >= 0 and bool(sessions[left, index] < 0 or sessions[left + 1, index] < 0)


@inlined
def _judge(state: Row, row: int, bars: Row, i: int, minute: int, inside: bool) -> int:
    if row < 0 or row >= state.shape[0]:
        return ROW_UNKNOWN
    if minute <= state[row, at.PENDING]:
        return TIME_BACKWARDS
    if not _is_sound(bars, i):
        return NOT_POSITIVE
    if inside:
        state[row, at.PENDING] = minute
    return NO_FAULT


@inlined
def check(
    state: Row,
    rows: NDArray[np.int32],
    bars: Row,
    ts_event: Ints,
    sessions: Ints,
    clocks: Ints,
) -> tuple[int, int]:
    """Return the first fault of a call's bars and its place, or ``NO_FAULT``.

    Times of bars that lie in a session are noted in the rows' ``PENDING`` while the call is looked
    at, and taken back where there is a fault.
    """
    session, fed, periods = -1, clocks[at.NONE, at.FED], _makes_periods(clocks)
    for i in range(len(rows)):
        minute = ts_event[i] // MINUTE_NS
        session = session_at(sessions, minute, session)
        if not _is_start(sessions, session, ts_event[i], minute, fed):
            fault = NOT_A_START
        elif periods and _is_beyond(sessions, session):
            fault = CALENDAR_ENDS
        else:
            fault = _judge(state, rows[i], bars, i, minute, session >= 0)
        if fault != NO_FAULT:
            for j in range(i):
                state[rows[j], at.PENDING] = state[rows[j], at.LAST]
            return fault, i
    return NO_FAULT, -1
