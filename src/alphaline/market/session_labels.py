"""Session labels of daily rows, from whatever carries them, or an error that names the row.

A label is midnight UTC of the session's date and no instant. A time without a zone, or in a zone other
than UTC, does not say which date it means; a guess would move every row by a day.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.sessions import DAY_NS, session_label

_REMEDY = (
    "give midnight UTC of the session's date (int64 nanoseconds, a date, or a time with zone UTC)"
)
_TICKS = {"ns": 1, "us": 1_000, "ms": 1_000_000}


def session_labels(column: Any, origin: str) -> NDArray[np.int64]:
    """Return the labels in ``column``, UTC nanoseconds; int64 (n,).

    Parameters
    ----------
    column
        int64 nanoseconds, dates, ISO 8601 text, ``datetime`` objects, or a polars column of dates or of
        times with zone UTC.
    origin
        Name of the file or frame, for error messages. Rows are counted from 1.

    Raises
    ------
    DatasetError
        For a time without a zone, in a zone other than UTC or in several zones, off midnight, or null.
    """
    labels = _of_series(column, origin) if _is_polars(column) else _of_array(column, origin)
    broken = np.flatnonzero(labels % DAY_NS)
    if broken.size:
        row = int(broken[0])
        raise DatasetError(
            f"{origin}: row {row + 1}: expected a session label, saw {iso(labels[row])}, which is "
            f"not midnight UTC; {_REMEDY}"
        )
    return labels


def iso(ts: int | np.integer[Any]) -> str:
    """Return a label as its date, any other instant as date and time with the zone."""
    moment = np.datetime64(int(ts), "ns")
    return str(moment.astype("datetime64[D]")) if int(ts) % DAY_NS == 0 else f"{moment}Z"


def _is_polars(column: Any) -> bool:
    # Without importing polars, which the line's own services do not install.
    return type(column).__module__.startswith("polars")


def _of_series(column: Any, origin: str) -> NDArray[np.int64]:
    if column.null_count():
        row = int(column.is_null().arg_max()) + 1
        raise DatasetError(f"{origin}: row {row}: expected a session label, saw null; {_REMEDY}")
    kind = (
        type(column.dtype).__name__ if not isinstance(column.dtype, type) else column.dtype.__name__
    )
    if kind == "Datetime":
        _demand_utc(column.dtype.time_zone, origin)
        ticks = np.array(column.to_physical().to_numpy(), dtype=np.int64)
        return ticks * _TICKS[column.dtype.time_unit]
    if kind == "Date":
        return np.array(column.to_physical().to_numpy(), dtype=np.int64) * DAY_NS
    return _of_array(
        np.asarray(column.to_list()) if kind == "String" else column.to_numpy(), origin
    )


def _demand_utc(zone: str | None, origin: str) -> None:
    if zone is None:
        raise DatasetError(f"{origin}: the times carry no time zone; {_REMEDY}")
    if zone != "UTC":
        raise DatasetError(f"{origin}: expected times in UTC, saw the zone {zone}; {_REMEDY}")


def _of_array(column: Any, origin: str) -> NDArray[np.int64]:
    values = np.asarray(column)
    if values.dtype.kind in "iu":
        return np.ascontiguousarray(values, dtype=np.int64)
    if values.dtype.kind == "M":
        _demand_utc(None, origin)
    if values.dtype.kind in "OU":
        return _of_objects(values.tolist(), origin)
    raise DatasetError(f"{origin}: expected session labels, saw {values.dtype}; {_REMEDY}")


def _of_objects(values: Iterable[Any], origin: str) -> NDArray[np.int64]:
    return np.array(
        [_label(value, f"{origin}: row {row}") for row, value in enumerate(values, 1)],
        dtype=np.int64,
    )


def _label(value: Any, where: str) -> int:
    moment = _parsed(value, where) if isinstance(value, str) else value
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise DatasetError(f"{where}: {value} carries no time zone; {_REMEDY}")
        if moment.utcoffset() != UTC.utcoffset(None):
            raise DatasetError(f"{where}: expected a time in UTC, saw {value}; {_REMEDY}")
        return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000
    if isinstance(moment, date):
        return session_label(moment)
    raise DatasetError(f"{where}: expected a session label, saw {value!r}; {_REMEDY}")


def _parsed(text: str, where: str) -> date:
    try:
        return (
            date.fromisoformat(text)
            if len(text) == len("2011-01-03")
            else datetime.fromisoformat(text)
        )
    except ValueError as error:
        raise DatasetError(
            f"{where}: expected a date as 2011-01-03, saw {text!r}; {_REMEDY}"
        ) from error
