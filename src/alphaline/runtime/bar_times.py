"""Times of a user's file as UTC nanoseconds, or an error that names the row."""

from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.runtime.located_cast import first_row, located, located_cast

# Seconds, milliseconds, microseconds and nanoseconds since 1970 of any date from 1980 to 2200 lie in
# ranges that do not meet, so the size of a whole number tells its unit.
_EPOCH_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3), (2**63 - 1, 1))


def nanoseconds_utc(
    column: pa.ChunkedArray, path: Path, name: str, time_zone: str | None
) -> NDArray[np.int64]:
    """Return ``column`` as int64 UTC nanoseconds.

    Parameters
    ----------
    column
        Text in ISO 8601, timestamps, or whole numbers since 1970.
    path, name
        File and column, for error messages.
    time_zone
        IANA name of the zone of times that carry none; None where they must carry one.

    Raises
    ------
    DatasetError
        For the first row that is no time, or whose instant is not certain.
    """
    if column.null_count:
        row = first_row(pc.is_null(column))
        raise DatasetError(f"{path}: column {name}, row {row}: expected a time, saw nothing")
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = pc.utf8_trim_whitespace(column)
        if pc.all(pc.match_substring_regex(column, r"^-?\d{8,}$")).as_py():
            column = located_cast(column, pa.int64(), path, name, "whole numbers since 1970")
        else:
            return _zoned_text(column, path, name, time_zone)
    if pa.types.is_integer(column.type):
        return _epoch(column, path, name)
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return _localised(column, path, name, time_zone)
        return _nanoseconds(column, path, name)
    raise DatasetError(
        f"{path}: column {name}: expected text in ISO 8601, a timestamp or whole numbers since 1970, saw {kind}"
    )


def _zoned_text(
    column: pa.ChunkedArray, path: Path, name: str, time_zone: str | None
) -> NDArray[np.int64]:
    if time_zone is None:
        zoned = pa.timestamp("ns", "UTC")
        advice = "a time with its zone, such as 2011-03-14T13:30:00Z (or name the zone of the whole file)"
        return _nanoseconds(located_cast(column, zoned, path, name, advice), path, name)
    advice = f"a time without a zone, such as 2011-03-14 09:30:00, since {time_zone} was named"
    return _localised(
        located_cast(column, pa.timestamp("ns"), path, name, advice), path, name, time_zone
    )


def _localised(
    column: pa.ChunkedArray, path: Path, name: str, time_zone: str | None
) -> NDArray[np.int64]:
    if time_zone is None:
        raise DatasetError(
            f"{path}: column {name}: its times carry no zone; name the zone, such as UTC or America/New_York"
        )
    _check_zone(time_zone, path)

    def assume(values: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.assume_timezone(values, time_zone, ambiguous="raise", nonexistent="raise")

    advice = f"a time that exists once in {time_zone}"
    return _nanoseconds(located(column, assume, path, name, advice), path, name)


def _nanoseconds(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.int64]:
    utc = pa.timestamp("ns", "UTC")
    times = located_cast(column, utc, path, name, "a time between 1678 and 2262")
    return times.cast(pa.int64()).to_numpy()  # type: ignore[no-any-return]


def _epoch(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.int64]:
    raw = column.cast(pa.int64()).to_numpy()
    limit, factor = next(unit for unit in _EPOCH_UNITS if abs(int(raw[0])) < unit[0])
    strange = np.flatnonzero((np.abs(raw) >= limit) | (np.abs(raw) < limit // 1000))
    if strange.size:
        row = int(strange[0])
        raise DatasetError(
            f"{path}: column {name}, row {row + 1}: expected a time in the unit of the first row "
            f"({int(raw[0])}), saw {int(raw[row])}; use one unit since 1970 in the whole file"
        )
    return np.asarray(raw * factor, dtype=np.int64)


def _check_zone(time_zone: str, path: Path) -> None:
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise DatasetError(
            f"{path}: unknown time zone {time_zone!r}; expected an IANA name such as America/New_York"
        ) from error
