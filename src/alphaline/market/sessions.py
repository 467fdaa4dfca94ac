"""The trading sessions of one calendar, as sorted arrays that compiled code can read (`compiled`)."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError

DAY_NS = 86_400_000_000_000

Int64 = NDArray[np.int64]


def session_label(day: date) -> int:
    """Return the label of the session on ``day``: midnight UTC of its date, in nanoseconds."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(midnight.timestamp()) * 1_000_000_000


def session_date(session: int) -> date:
    """Return the date that a session label stands for."""
    return datetime.fromtimestamp(session // 1_000_000_000, tz=UTC).date()


@dataclass(frozen=True, eq=False, slots=True)
class SessionTable:
    """The sessions of a calendar; all times UTC nanoseconds, all arrays int64 (n,), read-only.

    Parameters
    ----------
    session
        Label: midnight UTC of the session's date. Not an instant.
    start, end
        First instant of the session and the first after it (04:00 and 20:00 New York for XNYS).
    open, close
        Regular hours [open, close), early closes included.

    Raises
    ------
    DatasetError
        If the arrays differ in length, are empty, overlap or do not hold start < open < close < end.
    """

    session: Int64
    start: Int64
    open: Int64
    close: Int64
    end: Int64

    def __post_init__(self) -> None:
        for field in fields(self):
            column = np.array(getattr(self, field.name), dtype=np.int64)
            column.setflags(write=False)
            object.__setattr__(self, field.name, column)
        _check_shapes(self)
        _check_order(self)

    def __len__(self) -> int:
        return len(self.session)

    def index_at(self, ts: int) -> int:
        """Return the index of the session whose [start, end) holds ``ts``, else -1."""
        index = int(self.start.searchsorted(ts, side="right")) - 1
        return index if index >= 0 and ts < self.end[index] else -1

    def indices_at(self, ts: Int64) -> Int64:
        """Return ``index_at`` of every element of ``ts``; same shape, int64."""
        index = np.searchsorted(self.start, ts, side="right") - 1
        return np.where((index >= 0) & (ts < self.end[index]), index, -1).astype(np.int64)

    def is_regular(self, ts: int) -> bool:
        """Return whether ``ts`` lies in the regular hours [open, close) of a session."""
        index = self.index_at(ts)
        return index >= 0 and bool(self.open[index] <= ts < self.close[index])

    def session_of(self, ts: int) -> int | None:
        """Return the label of the session that holds ``ts``, None between sessions."""
        index = self.index_at(ts)
        return None if index < 0 else int(self.session[index])

    def index_of(self, session: int) -> int:
        """Return the index of the session with this label.

        Raises
        ------
        DatasetError
            If the calendar has no such session (a holiday, a week-end, outside the table).
        """
        index = int(np.searchsorted(self.session, session))
        if index == len(self) or self.session[index] != session:
            raise DatasetError(
                f"expected a session between {session_date(int(self.session[0]))} and "
                f"{session_date(int(self.session[-1]))}, saw {session_date(session)}, on which the "
                "calendar has none; check the date or extend the session table"
            )
        return index

    def next_session(self, session: int) -> int:
        """Return the label of the session after ``session``; DatasetError at the table's end."""
        return self._label(self.index_of(session) + 1, session)

    def previous_session(self, session: int) -> int:
        """Return the label of the session before ``session``; DatasetError at the table's start."""
        return self._label(self.index_of(session) - 1, session)

    def next_open(self, ts: int) -> int:
        """Return the first open of regular hours after ``ts``; DatasetError at the table's end."""
        index = int(np.searchsorted(self.open, ts, side="right"))
        return int(self.open[self._inside(index, ts)])

    def previous_close(self, ts: int) -> int:
        """Return the last close of regular hours at or before ``ts``; DatasetError before the first."""
        index = int(np.searchsorted(self.close, ts, side="right")) - 1
        return int(self.close[self._inside(index, ts)])

    def labels_from(self, ts: Int64) -> Int64:
        """Return the label of the last session that has started at each of ``ts``; same shape.

        Instants between two sessions belong to the one before: a clock record a minute after the end
        still tells of that session.

        Raises
        ------
        DatasetError
            For an instant before the first session, or a week after the last.
        """
        index = np.searchsorted(self.start, ts, side="right") - 1
        outside = np.flatnonzero((index < 0) | (ts >= self.end[-1] + 7 * DAY_NS))
        if outside.size:
            self._inside(-1, int(ts[outside[0]]))
        return self.session[index]

    def nearest_labels(self, ts: Int64) -> Int64:
        """Return ``labels_from``, where instants outside the table count to its first or last session."""
        return self.labels_from(np.clip(ts, self.start[0], self.end[-1]))

    def between(self, first: date, last: date) -> Self:
        """Return the sessions from ``first`` to ``last``, both included.

        Raises
        ------
        DatasetError
            If there is no session between them.
        """
        low = np.searchsorted(self.session, session_label(first))
        high = np.searchsorted(self.session, session_label(last), side="right")
        return type(self)(*(getattr(self, field.name)[low:high] for field in fields(self)))

    def _label(self, index: int, near: int) -> int:
        return int(self.session[self._inside(index, near)])

    def _inside(self, index: int, near: int) -> int:
        if not 0 <= index < len(self):
            raise DatasetError(
                f"the session table ({session_date(int(self.session[0]))} to "
                f"{session_date(int(self.session[-1]))}) ends beside {session_date(near)}; extend it"
            )
        return index


def _check_shapes(table: SessionTable) -> None:
    shapes = {field.name: getattr(table, field.name).shape for field in fields(table)}
    if len(table.session.shape) != 1 or len(set(shapes.values())) != 1 or not table.session.size:
        raise DatasetError(
            f"expected five columns of one length with at least one session, saw {shapes}"
        )


def _check_order(table: SessionTable) -> None:
    _demand(table, table.session % DAY_NS == 0, "its label is midnight UTC")
    _demand(table, table.start < table.open, "start < open")
    _demand(table, table.open < table.close, "open < close")
    _demand(table, table.close < table.end, "close < end")
    _demand(table, np.diff(table.session, prepend=table.session[0] - 1) > 0, "labels ascend")
    _demand(table, table.start >= np.roll(table.end, 1), "it starts after the one before", skip=1)


def _demand(table: SessionTable, holds: NDArray[np.bool_], rule: str, skip: int = 0) -> None:
    broken = np.flatnonzero(~holds[skip:]) + skip
    if broken.size:
        row = int(broken[0])
        raise DatasetError(
            f"session table, row {row + 1} (session of {session_date(int(table.session[row]))}): expected "
            f"that {rule}; rebuild the table from its calendar"
        )
