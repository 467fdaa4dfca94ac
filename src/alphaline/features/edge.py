"""The edge of the engine: arrays as the compiled step takes them, faults as sentences."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.check import (
    CALENDAR_ENDS,
    NOT_A_START,
    NOT_POSITIVE,
    ROW_UNKNOWN,
    SHAPE,
)
from alphaline.messages import MINUTE_NS

# State, rows, bars, ts_event, observations.
DTYPES = tuple(np.dtype(kind) for kind in ("f8", "i4", "f8", "i8", "f8"))
NAMES = ("state", "rows", "bars", "ts_event", "observations")

Arrays = tuple[NDArray[Any], ...]


def fitted(given: Arrays, state_size: int, observed: int) -> Arrays:
    """Return copies of inputs that only lie or are typed otherwise; refuse what cannot be meant.

    Raises
    ------
    ValueError
        For a shape that does not fit, a state that cannot be changed in place, or a type that
        cannot be converted without loss.
    """
    given = tuple(np.asarray(array) for array in given)
    check_shapes(given, state_size, observed)
    if given[0].dtype != DTYPES[0] or not given[0].flags.carray:
        raise ValueError(
            f"expected a writable float64 state in C order, saw {given[0].dtype} with flags "
            f"{given[0].flags.num}; copy it with numpy.array"
        )
    return given[0], *(
        _converted(*each) for each in zip(NAMES[1:], given[1:], DTYPES[1:], strict=True)
    )


def check_shapes(given: Arrays, state_size: int, observed: int) -> None:
    """Raise ValueError for the first array whose shape does not fit the others or the set."""
    instruments, count = given[0].shape[:1], given[1].size
    shapes = ((*instruments, state_size), (count,), (count, 5), (count,), (count, observed))
    for name, array, shape in zip(NAMES, given, shapes, strict=True):
        if array.shape != shape:
            raise ValueError(f"expected {name} of shape {shape}, saw {array.shape}; reshape it")


def _converted(name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise ValueError(f"expected {name} of type {dtype}, saw {array.dtype}; convert it")
    converted = np.array(array, dtype=dtype, order="C")
    if not np.array_equal(converted, array, equal_nan=array.dtype.kind == "f"):
        raise ValueError(f"expected {name} that fit {dtype}, saw values that do not; convert them")
    return converted


class BarError(ValueError):
    """A bar that the engine does not take; ``where`` is its place in the call, ``reason`` what is wrong."""

    def __init__(self, where: int, count: int, row: int, ts: int, reason: str) -> None:
        super().__init__(f"bar {where} of {count} (row {row}, {instant(ts)}): {reason}")
        self.where = where
        self.reason = reason


def refusal(fault: int, where: int, given: Arrays, state_size: int, observed: int) -> BarError:
    """Return the error that says what is wrong with bar ``where`` of a call; nothing was changed."""
    if fault == SHAPE:
        check_shapes(given, state_size, observed)
    rows, ts_event = given[1], given[3]
    return BarError(
        where, len(rows), int(rows[where]), int(ts_event[where]), _reason(fault, where, given)
    )


def _reason(fault: int, where: int, given: Arrays) -> str:
    state, rows, bars, ts_event, _ = given
    ts = int(ts_event[where])
    if fault == ROW_UNKNOWN:
        return f"expected a row below {len(state)}, saw {int(rows[where])}; add a state row"
    if fault == NOT_A_START:
        return (
            "expected a time at which a bar of the set's base starts (a whole minute on the 1, 5 or "
            f"30 minutes; for session bars the regular open), saw {ts} ns; round or look it up where "
            "it is read"
        )
    if fault == CALENDAR_ENDS:
        return (
            "expected a session in a week and a month that the calendar holds whole, saw one in its "
            "last; take a longer calendar"
        )
    if fault == NOT_POSITIVE:
        return (
            f"expected finite positive prices and a volume >= 0, saw {bars[where].tolist()}; reject "
            "the bar where bytes become values"
        )
    last = _last_before(state, rows, ts_event, where)
    return (
        f"expected a time after this row's last bar at {instant(last)} ({last} ns), saw {ts} ns; sort "
        "by time, drop repeats, and late bars belong to the late-bar topic"
    )


def _last_before(
    state: NDArray[np.float64], rows: NDArray[np.int32], ts_event: NDArray[np.int64], where: int
) -> int:
    earlier = ts_event[:where][rows[:where] == rows[where]]
    held = int(state[rows[where], at.LAST]) * MINUTE_NS
    return max(held, *map(int, earlier)) if earlier.size else held


def instant(ts: int) -> str:
    """Return UTC nanoseconds as text."""
    return datetime.fromtimestamp(ts // 1_000_000_000, tz=UTC).isoformat()
