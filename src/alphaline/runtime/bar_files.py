"""A user's own minute bars, as CSV or Parquet, as column arrays.

Every error names the file, the row (counted from 1, without a header) and the column, and what to do.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.runtime.bar_times import nanoseconds_utc
from alphaline.runtime.datasets import read_parquet
from alphaline.runtime.located_cast import first_row, located_cast

TIME_COLUMNS = ("ts_event", "ts", "timestamp")
VALUE_COLUMNS = ("open", "high", "low", "close", "volume")


def read_bar_columns(path: Path, time_zone: str | None = None) -> dict[str, NDArray[Any]]:
    """Return ``ts_event`` (int64 UTC nanoseconds), open, high, low, close and volume of a bar file.

    Column names may be upper or lower case. The time column is ``ts_event``, ``ts`` or ``timestamp``:
    text in ISO 8601, a Parquet timestamp, or a whole number of seconds, milliseconds, microseconds or
    nanoseconds since 1970 (the size tells which). It is the start of the bar.

    Parameters
    ----------
    path
        A ``.csv`` or ``.parquet`` file.
    time_zone
        IANA name of the zone of times that carry none, such as ``America/New_York``. Times without a
        zone are refused where it is None: a wrong guess shifts every bar by hours.

    Raises
    ------
    DatasetError
        Naming the file, the row and the column that could not be read, and what to do.
    """
    table = _lower_case(_table(path), path)
    time_column = _time_column(table, path)
    missing = [name for name in VALUE_COLUMNS if name not in table.column_names]
    if missing:
        raise DatasetError(
            f"{path}: expected the columns {', '.join(VALUE_COLUMNS)}, missing {', '.join(missing)}; "
            f"the file has {', '.join(table.column_names)}: rename its columns"
        )
    columns: dict[str, NDArray[Any]] = {
        "ts_event": nanoseconds_utc(table[time_column], path, time_column, time_zone)
    }
    for name in VALUE_COLUMNS:
        columns[name] = _numbers(table[name], path, name)
    return columns


def _table(path: Path) -> pa.Table:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix == ".csv":
        return _csv(path)
    raise DatasetError(
        f"{path}: expected a file named .csv or .parquet, saw {suffix or 'no suffix'!r}"
    )


def _csv(path: Path) -> pa.Table:
    try:
        names = pcsv.open_csv(path).schema.names
        text = pcsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        )
        return pcsv.read_csv(path, convert_options=text)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; check the path") from error
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"{path}: expected a CSV file with a header and the same columns in each row ({error})"
        ) from error


def _lower_case(table: pa.Table, path: Path) -> pa.Table:
    names = [name.strip().lower() for name in table.column_names]
    if len(set(names)) != len(names):
        raise DatasetError(f"{path}: expected distinct column names, saw {', '.join(names)}")
    if not table.num_rows:
        raise DatasetError(f"{path}: expected bars, saw a file without a row")
    return table.rename_columns(names)


def _time_column(table: pa.Table, path: Path) -> str:
    present = [name for name in TIME_COLUMNS if name in table.column_names]
    if len(present) != 1:
        raise DatasetError(
            f"{path}: expected exactly one time column of {', '.join(TIME_COLUMNS)}, saw "
            f"{', '.join(present) or 'none'} among {', '.join(table.column_names)}: rename the start of the bar"
        )
    return present[0]


def _numbers(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.float64]:
    if column.null_count:
        row = first_row(pc.is_null(column))
        raise DatasetError(
            f"{path}: column {name}, row {row}: expected a number, saw nothing; fill in or remove the row"
        )
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
    numbers = located_cast(column, pa.float64(), path, name, "a number such as 129.25")
    return numbers.to_numpy()  # type: ignore[no-any-return]
