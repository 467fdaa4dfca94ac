"""Session bars as they are fed, and the bars of weeks and months that are made of them.

A week or month closes with its last session, which the calendar knows beforehand; where the bar of
that session is missing, with the next bar. It is marked as gap where a session in it is missing, or
where the first bar ever lies inside it. Nothing resets at a session's start.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.clocks import add_bar, close_bar, mark_gap, step_bar
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.layout import ACTIVE, CLOCK_OFFSET, END, FLAG
from alphaline.features.compiled.session import index_of

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

# Fewer missing sessions are a gap, more start everything anew: a price path with a hole of more than
# a week is no window of neighbours, and an observation is withheld after as many sessions.
MAXIMUM_MISSING = 5

# Instead of a number of missing sessions: there was no bar before.
FIRST_BAR = -1


@inlined
def _missing_before(s: Row, sessions: Ints, index: int) -> int:
    if s[at.SESSION_BAR] <= 0.0:
        return FIRST_BAR
    return index - index_of(sessions, s[at.SESSION_BAR]) - 1


@compiled
def _step_period(
    s: Row,
    clocks: Ints,
    k: int,
    bars: Row,
    i: int,
    index: int,
    missing: int,
    sessions: Ints,
    table: Ints,
    parameters: Row,
    observed: Row,
) -> None:
    base, which = clocks[k, CLOCK_OFFSET], k - at.WEEK
    period = sessions[at.PERIOD + which, index]
    if s[base + ACTIVE] > 0.0 and s[base + END] != period:
        close_bar(s, clocks, k, table, parameters, observed)
    before = sessions[at.SESSION_OF + which, index] - 1
    if missing == FIRST_BAR:
        s[base + FLAG] = 1.0 if before != 0 else 0.0
    elif missing > 0:
        if missing > before and s[base + ACTIVE] == 0.0:
            mark_gap(s, base)
        if before != 0:
            s[base + FLAG] = 1.0
    add_bar(s, base, bars, i, period)
    if sessions[at.SESSIONS_LEFT + which, index] == 0:
        close_bar(s, clocks, k, table, parameters, observed)


@compiled
def take_session(
    s: Row,
    bars: Row,
    i: int,
    minute: int,
    index: int,
    sessions: Ints,
    clocks: Ints,
    table: Ints,
    parameters: Row,
    observed: Row,
) -> None:
    """Take the bar of session ``index``, which starts at its regular open."""
    missing = _missing_before(s, sessions, index)
    if missing > MAXIMUM_MISSING:
        s[at.HEADER :] = 0.0
        missing = FIRST_BAR
    step_bar(s, clocks, at.DAY, bars, i, missing > 0, table, parameters, observed)
    for k in (at.WEEK, at.MONTH):
        _step_period(
            s, clocks, k, bars, i, index, missing, sessions, table, parameters, observed
        )  # fmt: skip
    s[at.SESSION] = sessions[at.LABEL, index]
    s[at.SESSION_BAR] = sessions[at.LABEL, index]
    s[at.LAST] = minute
