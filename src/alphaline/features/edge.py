"""The edge of the engine: arrays as the compiled step takes them, faults as sentences."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.features.compiled import layout as at
from alphaline.features.compiled.check import NOT_A_MINUTE, NOT_POSITIVE, ROW_UNKNOWN, SHAPE
from alphaline.features.feature_set import FeatureSet
from alphaline.market.sessions import SessionTable, session_date, session_label
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


def refusal(fault: int, where: int, given: Arrays, state_size: int, observed: int) -> ValueError:
    """Return the error that says what is wrong with bar ``where`` of a call; nothing was changed."""
    if fault == SHAPE:
        check_shapes(given, state_size, observed)
    state, rows, bars, ts_event, _ = given
    row, ts = int(rows[where]), int(ts_event[where])
    bar = f"bar {where} of {len(rows)} (row {row}, {_instant(ts)})"
    if fault == ROW_UNKNOWN:
        return ValueError(f"{bar}: expected a row below {len(state)}, saw {row}; add a state row")
    if fault == NOT_A_MINUTE:
        return ValueError(f"{bar}: expected a whole minute, saw {ts} ns; round it where it is read")
    if fault == NOT_POSITIVE:
        return ValueError(
            f"{bar}: expected finite positive prices and a volume >= 0, saw {bars[where].tolist()}; "
            "reject the bar where bytes become values"
        )
    last = _last_before(state, rows, ts_event, where)
    return ValueError(
        f"{bar}: expected a time after this row's last bar at {_instant(last)} ({last} ns), saw "
        f"{ts} ns; drop repeats, and late bars belong to the late-bar topic"
    )


def _last_before(
    state: NDArray[np.float64], rows: NDArray[np.int32], ts_event: NDArray[np.int64], where: int
) -> int:
    earlier = ts_event[:where][rows[:where] == rows[where]]
    held = int(state[rows[where], at.LAST]) * MINUTE_NS
    return max(held, *map(int, earlier)) if earlier.size else held


def _instant(ts: int) -> str:
    return datetime.fromtimestamp(ts // 1_000_000_000, tz=UTC).isoformat()


def session_minutes(sessions: SessionTable, feature_set: FeatureSet) -> NDArray[np.int64]:
    """Return label, start, open, close and end of the sessions from the epoch on, (5, n) minutes.

    Raises
    ------
    DatasetError
        If the calendar begins after the epoch, ends before it, or has times off the minute.
    """
    epoch = session_label(feature_set.epoch)
    first = int(np.searchsorted(sessions.session, epoch))
    if int(sessions.session[0]) > epoch or first == len(sessions):
        raise DatasetError(
            f"feature set {feature_set.name!r}: expected sessions from its epoch "
            f"{feature_set.epoch} on, saw {session_date(int(sessions.session[0]))} to "
            f"{session_date(int(sessions.session[-1]))}; take a longer calendar"
        )
    columns = (sessions.session, sessions.start, sessions.open, sessions.close, sessions.end)
    times = np.array([column[first:] for column in columns])
    if np.any(times % MINUTE_NS):
        raise DatasetError(
            "expected sessions that begin and end on whole minutes; correct the calendar"
        )
    return np.ascontiguousarray(times // MINUTE_NS)
