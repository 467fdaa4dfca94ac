"""Conversions of Arrow columns that name the row on which they fail."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alphaline.errors import DatasetError


def located_cast(
    column: pa.ChunkedArray, to: pa.DataType, path: Path, name: str, advice: str
) -> pa.ChunkedArray:
    """Return ``column`` as the type ``to``; see ``located``."""
    return located(column, lambda values: pc.cast(values, to), path, name, advice)


def located(
    column: pa.ChunkedArray,
    convert: Callable[[pa.ChunkedArray], pa.ChunkedArray],
    path: Path,
    name: str,
    advice: str,
) -> pa.ChunkedArray:
    """Return ``convert(column)``, or raise DatasetError naming its first failing row.

    Parameters
    ----------
    convert
        Works row by row and raises where a row cannot be converted.
    path, name
        File and column.
    advice
        What was expected of the row.
    """
    try:
        return convert(column)
    except (pa.ArrowException, ValueError) as error:
        row = _first_that_fails(column, convert)
        raise DatasetError(
            f"{path}: column {name}, row {row + 1}: expected {advice}, saw {column[row].as_py()!r}; correct the row"
        ) from error


def _first_that_fails(
    column: pa.ChunkedArray, convert: Callable[[pa.ChunkedArray], pa.ChunkedArray]
) -> int:
    # Arrow's error names no row: halve until one is left.
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            convert(column.slice(low, middle - low))
            low = middle
        except (pa.ArrowException, ValueError):
            high = middle
    return low


def first_row(mask: pa.ChunkedArray) -> int:
    """Return the number, from 1, of the first row that is true in ``mask``."""
    return int(np.flatnonzero(mask.to_numpy())[0]) + 1
