"""The datasets of the project as column arrays.

What the columns mean and whether they can be true is for ``alphaline.market`` to say.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso

SESSION_COLUMNS = ("session", "start", "open", "close", "end")


def read_columns(path: Path, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the columns of a Parquet file; null floats are NaN, text is an object array.

    Raises
    ------
    DatasetError
        If the file is missing, torn or no Parquet, lacks a column, or holds a null whole number.
    """
    table = read_parquet(path)
    missing = [name for name in columns or () if name not in table.column_names]
    if missing:
        raise DatasetError(
            f"{path}: expected the columns {', '.join(columns or ())}, missing {', '.join(missing)}; "
            f"the file has {', '.join(table.column_names)}: correct it or its declaration"
        )
    names = list(columns) if columns is not None else table.column_names
    return {name: _array(table, path, name) for name in names}


def read_session_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns of a session table, by the names of ``SessionTable``'s fields."""
    return read_columns(path, SESSION_COLUMNS)


def read_parquet(path: Path) -> pa.Table:
    """Return the table in a Parquet file; DatasetError if it is missing, torn or no Parquet."""
    try:
        return pq.ParquetFile(path).read()
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; check the path") from error
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"{path}: expected a whole Parquet file, saw one that cannot be read ({error}); fetch it again"
        ) from error


def _array(table: pa.Table, path: Path, name: str) -> NDArray[Any]:
    column = table[name]
    if column.null_count and pa.types.is_integer(column.type):
        row = int(np.flatnonzero(pc.is_null(column).to_numpy())[0])
        raise DatasetError(
            f"{path}: column {name}, row {row + 1}{_whose(table, row)}: expected a whole number, saw "
            "null; correct the row or remove it"
        )
    return column.to_numpy()  # type: ignore[no-any-return]


def _whose(table: pa.Table, row: int) -> str:
    named = [name for name in ("instrument", "ts_event") if name in table.column_names]
    seen = [table[name][row].as_py() for name in named]
    words = [iso(value) if isinstance(value, int) else str(value) for value in seen]
    return f" ({', '.join(words)})" if words else ""
