"""From a state row to the values and status codes of one vector."""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.jit import inlined
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
    OWN,
    SECOND_INPUT,
    WARM_UP,
)
from alphaline.features.compiled.session import index_of

Row = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = NDArray[np.float32]
Status = NDArray[np.uint8]

DAY_MINUTES = 1440

# More bars than any look-back.
NEVER = 1 << 40


@inlined
def show_bars(
    s: Row, clocks: Ints, k: int, table: Ints, values: Values, status: Status, i: int
) -> None:
    """Write row ``i`` of the columns of clock ``k``, as they stand since its last closed bar."""
    base = clocks[k, CLOCK_OFFSET]
    count = int(s[base + COUNT])
    since_gap = count + 1 - int(s[base + GAP]) if s[base + GAP] > 0.0 else NEVER
    for j in range(clocks[k, CLOCK_FIRST], clocks[k, CLOCK_LAST]):
        value = s[table[j, OFFSET]]
        out = table[j, OUT]
        number, memory = count, table[j, LOOK_BACK]
        if table[j, OWN] > 0:
            number = int(s[table[j, OFFSET] - 1])
            memory = min(memory, number)
        if number < table[j, WARM_UP] or math.isnan(value):
            values[i, out] = math.nan
            status[i, out] = at.STATUS_STALE if number < 0 else at.STATUS_NOT_WARM
        else:
            values[i, out] = value
            status[i, out] = at.STATUS_GAP if since_gap < memory else at.STATUS_OK


@inlined
def _show_observed(
    observed: Row, table: Ints, j: int, values: Values, status: Status, i: int
) -> None:
    first, second, out = table[j, INPUT], table[j, SECOND_INPUT], table[j, OUT]
    value, age = observed[2 * first], observed[2 * first + 1]
    if table[j, KIND] == at.SPREAD:
        value -= observed[2 * second]
        age = max(age, observed[2 * second + 1])
    values[i, out] = math.nan
    if math.isnan(value):
        status[i, out] = at.STATUS_NOT_WARM
    elif age > table[j, at.MAX_AGE]:
        status[i, out] = at.STATUS_STALE
    else:
        values[i, out] = value
        status[i, out] = at.STATUS_OK


@inlined
def _sessions_to(day: float, sessions: Ints, index: int) -> float:
    if math.isnan(day):
        return math.nan
    place = index_of(sessions, day * DAY_MINUTES)
    return float(place - index) if index <= place < sessions.shape[1] else math.nan


@inlined
def _of_the_session(kind: int, end: int, sessions: Ints, index: int) -> float:
    if kind == at.MINUTES_SINCE_OPEN:
        return float(end - sessions[at.OPEN, index])
    if kind == at.MINUTES_TO_CLOSE:
        return float(sessions[at.SHUT, index] - end)
    known = sessions[kind - at.CALENDAR, index]
    return float(known) if known != at.UNKNOWN else math.nan


@inlined
def _is_of_the_session(kind: int) -> bool:
    return kind >= at.CALENDAR or kind in (at.MINUTES_SINCE_OPEN, at.MINUTES_TO_CLOSE)


@inlined
def _show_value(value: float, out: int, values: Values, status: Status, i: int) -> None:
    values[i, out] = value
    status[i, out] = at.STATUS_NOT_WARM if math.isnan(value) else at.STATUS_OK


@inlined
def show_rest(
    end: int,
    sessions: Ints,
    index: int,
    observed: Row,
    clocks: Ints,
    table: Ints,
    values: Values,
    status: Status,
    i: int,
) -> None:
    """Write row ``i`` of the columns that are no function of closed bars; ``end`` is the bar's."""
    for j in range(clocks[at.NONE, CLOCK_FIRST], clocks[at.NONE, CLOCK_LAST]):
        kind, out, place = table[j, KIND], table[j, OUT], 2 * table[j, INPUT]
        if _is_of_the_session(kind):
            _show_value(_of_the_session(kind, end, sessions, index), out, values, status, i)
        elif kind == at.SESSIONS_SINCE:
            age = observed[place + 1]
            _show_value(age, out, values, status, i)
        elif kind == at.SESSIONS_TO:
            _show_value(_sessions_to(observed[place], sessions, index), out, values, status, i)
        else:
            _show_observed(observed, table, j, values, status, i)


@inlined
def show_nothing(values: Values, status: Status, i: int) -> None:
    """Write row ``i`` of a bar that lies in no session: nothing is known."""
    for out in range(values.shape[1]):
        values[i, out] = math.nan
        status[i, out] = at.STATUS_NOT_WARM
