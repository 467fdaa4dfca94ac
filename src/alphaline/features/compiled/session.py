"""What happens at the edges of sessions: resets, session bars, the minutes that should be there."""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.clocks import add_bar, close_bar, mark_gap
from alphaline.features.compiled.jit import compiled, inlined, merged
from alphaline.features.compiled.layout import ACTIVE, CLOCK_OFFSET, FLAG

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def session_at(sessions: Ints, minute: int, guess: int) -> int:
    """Return the index of the session whose [start, end) holds a minute, else -1.

    ``guess`` is tried first: bars come in order.
    """
    if guess >= 0 and sessions[at.START, guess] <= minute < sessions[at.STOP, guess]:
        return guess
    low, high = 0, sessions.shape[1]
    while low < high:
        middle = (low + high) // 2
        if sessions[at.START, middle] <= minute:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > 0 and minute < sessions[at.STOP, low - 1] else -1


@merged
def _close_session_bar(s: Row, clocks: Ints, table: Ints, parameters: Row, observed: Row) -> None:
    close_bar(s, clocks, at.DAY, table, parameters, observed)
    s[at.SESSION_BAR] = s[at.SESSION]


@inlined
def index_of(sessions: Ints, label: float) -> int:
    """Return the index of the first session whose label is not before ``label``."""
    low, high = 0, sessions.shape[1]
    while low < high:
        middle = (low + high) // 2
        if sessions[at.LABEL, middle] < label:
            low = middle + 1
        else:
            high = middle
    return low


@merged
def _judge_missing_sessions(s: Row, sessions: Ints, index: int, day: int, end: int) -> None:
    if s[at.SESSION_BAR] <= 0.0:
        return
    missing = index - index_of(sessions, s[at.SESSION_BAR]) - 1
    if missing == 1:
        mark_gap(s, day)
    if missing > 1:
        s[at.SESSION_BAR] = 0.0
        s[at.HEADER : end] = 0.0


@compiled
def begin_session(
    s: Row,
    sessions: Ints,
    index: int,
    clocks: Ints,
    table: Ints,
    parameters: Row,
    observed: Row,
) -> None:
    """Close the session bar that is still open, reset what starts anew with session ``index``."""
    day, intraday = clocks[at.DAY, CLOCK_OFFSET], clocks[at.ONE, CLOCK_OFFSET]
    if s[day + ACTIVE] > 0.0:
        if s[at.EXPECTED] < s[at.CLOSE]:
            s[day + FLAG] = 1.0
        _close_session_bar(s, clocks, table, parameters, observed)
    _judge_missing_sessions(s, sessions, index, day, intraday)
    s[intraday:] = 0.0
    s[at.SESSION] = sessions[at.LABEL, index]
    s[at.CLOSE] = sessions[at.SHUT, index]
    s[at.EXPECTED] = sessions[at.OPEN, index]


@inlined
def step_session(
    s: Row,
    clocks: Ints,
    bars: Row,
    i: int,
    minute: int,
    opened: int,
    gap: bool,
    table: Ints,
    parameters: Row,
    observed: Row,
) -> None:
    """Take a bar into the bar of its session; ``opened`` is the minute of the open."""
    base, close = clocks[at.DAY, CLOCK_OFFSET], s[at.CLOSE]
    if minute < opened or (minute >= close and s[base + ACTIVE] == 0.0):
        return
    if gap:
        s[base + FLAG] = 1.0
    if minute < close:
        add_bar(s, base, bars, i, int(close))
    if minute + clocks[at.NONE, at.FED] >= close:
        _close_session_bar(s, clocks, table, parameters, observed)
