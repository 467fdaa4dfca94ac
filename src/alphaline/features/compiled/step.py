"""The one compiled step: a bar, a micro-batch across instruments and a whole history are one loop."""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.check import NO_FAULT, SHAPE, check, shapes_fit
from alphaline.features.compiled.clocks import step_bar, step_bucket
from alphaline.features.compiled.jit import inlined, kept, merged
from alphaline.features.compiled.periods import take_session
from alphaline.features.compiled.session import begin_session, session_at, step_session
from alphaline.features.compiled.show import show_bars, show_nothing, show_rest
from alphaline.features.compiled.version import version_of
from alphaline.messages import MINUTE_NS

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def _is_read(clocks: Ints, k: int) -> bool:
    return bool(clocks[k, at.CLOCK_FIRST] < clocks[k, at.CLOCK_LAST])


@merged
def _take(
    s: Row,
    bars: Row,
    i: int,
    minute: int,
    index: int,
    sessions: Ints,
    clocks: Ints,
    table: Ints,
    p: Row,
    observed: Row,
) -> None:
    if s[at.SESSION] != sessions[at.LABEL, index]:
        begin_session(s, sessions, index, clocks, table, p, observed)
    expected = int(s[at.EXPECTED])
    missing = min(minute, sessions[at.SHUT, index])
    gap = expected < missing
    # A clock that no column reads is not wound.
    if _is_read(clocks, at.DAY):
        step_session(s, clocks, bars, i, minute, sessions[at.OPEN, index], gap, table, p, observed)
    if _is_read(clocks, at.ONE):
        step_bar(s, clocks, at.ONE, bars, i, gap, table, p, observed)
    for k in (at.FIVE, at.THIRTY):
        if _is_read(clocks, k):
            step_bucket(s, clocks, k, bars, i, minute, (expected, missing), table, p, observed)
    s[at.EXPECTED] = max(expected, minute + clocks[at.NONE, at.FED])
    s[at.LAST] = minute


def _compiled(version: int) -> Any:
    # The cached machine code of a closure is found by what it closes over: a change in any function
    # below it gives another version and so another entry, which the file's own time would not.
    @kept
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
        if version < 0 or not shapes_fit(state, rows, bars, ts_event, observations, clocks):
            return SHAPE, -1
        fault, where = check(state, rows, bars, ts_event, sessions, clocks)
        if fault != NO_FAULT:
            return fault, where
        index, fed = -1, clocks[at.NONE, at.FED]
        first, last = (at.ONE, at.WEEK) if fed > 0 else (at.DAY, at.NONE)
        for i in range(len(rows)):
            s, minute = state[rows[i]], ts_event[i] // MINUTE_NS
            index = session_at(sessions, minute, index)
            if index < 0:
                show_nothing(values, status, i)
                continue
            observed = observations[i]
            if fed > 0:
                _take(s, bars, i, minute, index, sessions, clocks, table, parameters, observed)
            else:
                take_session(
                    s, bars, i, minute, index, sessions, clocks, table, parameters, observed
                )
            for k in range(first, last):
                show_bars(s, clocks, k, table, values, status, i)
            show_rest(minute + fed, sessions, index, observed, clocks, table, values, status, i)
        return NO_FAULT, -1

    return step


OPERATOR_VERSION = version_of(
    shapes_fit, check, _take, take_session, show_bars, show_rest, show_nothing, _compiled
)

step = _compiled(int(OPERATOR_VERSION[:15], 16))

_FLOATS, _INTS = numba.float64[:, ::1], numba.int64[:, ::1]
_SIGNATURE = (
    *(_FLOATS, numba.int32[::1], _FLOATS, numba.int64[::1], _FLOATS),
    *(_INTS, _INTS, _FLOATS, _INTS),
    *(numba.float32[:, ::1], numba.uint8[:, ::1]),
)


def prepare() -> None:
    """Compile the step or load its machine code; other types of arrays raise TypeError from then on.

    Without this an array of another type would be compiled for anew, seconds in a stream's midst.
    """
    # Interpreted code has no signatures.
    if not getattr(step, "signatures", True):
        step.compile(_SIGNATURE)
        step.disable_compile()
