"""Files of declared datasets, Parquet or CSV, read as the types that their declaration states."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.runtime.datasets import read_columns, read_parquet
from alphaline.runtime.located_cast import located_cast

TIME_COLUMN = "ts_event"
_ARRAY_TYPES = {
    "int64": np.dtype(np.int64),
    "float64": np.dtype(np.float64),
    "string": np.dtype(object),
}
_CSV_TYPES = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}


def read_declared(path: Path, types: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Return the columns named in ``types``, each of its declared type; null floats are NaN.

    Parameters
    ----------
    path
        A ``.csv`` file with a header, or a Parquet file.
    types
        ``int64``, ``float64`` or ``string`` by column. The column ``ts_event`` of a CSV file may hold
        dates or times as text in place of int64; it is returned as text then.

    Raises
    ------
    DatasetError
        Naming the file, the column and, in a CSV file, the row (from 1, without the header).
    """
    if path.suffix == ".csv":
        return _read_csv(path, types)
    columns = read_columns(path, list(types))
    for name, column in columns.items():
        if column.dtype != _ARRAY_TYPES[types[name]]:
            raise DatasetError(_wrong_type(path, name, types[name]))
    return columns


def _wrong_type(path: Path, name: str, declared: str) -> str:
    # An array has lost the time zone, and what kind of object it holds.
    seen = read_parquet(path).schema.field(name).type
    remedy = "correct the file or its declaration"
    if pa.types.is_timestamp(seen):
        zone = f"the time zone {seen.tz}" if seen.tz else "no time zone"
        remedy = (
            f"these are times with {zone}: write midnight UTC of each session's date as int64 "
            "nanoseconds"
        )
    return f"{path}: column {name}: expected {declared} as declared, saw {seen}; {remedy}"


def _read_csv(path: Path, types: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    try:
        text = pcsv.ConvertOptions(
            column_types=dict.fromkeys(types, pa.string()),
            include_columns=list(types),
            null_values=[""],
            strings_can_be_null=True,
        )
        table = pcsv.read_csv(path, convert_options=text)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; check the path") from error
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DatasetError(
            f"{path}: expected a CSV file with the columns {', '.join(types)} in each row ({error}); "
            "correct the file or its declaration"
        ) from error
    return {name: _typed(table[name], types[name], path, name) for name in types}


def _typed(column: pa.ChunkedArray, kind: str, path: Path, name: str) -> NDArray[Any]:
    if name == TIME_COLUMN and not _is_number(column):
        return column.to_numpy()  # type: ignore[no-any-return]
    cast = located_cast(column, _CSV_TYPES[kind], path, name, f"a value of type {kind}")
    if cast.null_count and kind == "int64":
        row = cast.to_pylist().index(None) + 1
        raise DatasetError(
            f"{path}: column {name}, row {row}: expected a whole number, saw nothing"
        )
    return cast.to_numpy()  # type: ignore[no-any-return]


def _is_number(column: pa.ChunkedArray) -> bool:
    return bool(len(column)) and str(column[0].as_py() or "").lstrip("-").isdigit()
