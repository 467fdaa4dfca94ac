"""The files of the lake: their names, their columns, and how one comes into being.

A file holds rows of one partition of one topic, in the order of their offsets, and is named
``<topic>-<partition>-<first offset>-<last offset>.parquet``. The same offsets give the same name and
the same bytes, so writing again after a crash is harmless; files may overlap, readers keep each offset
once. A file appears whole or not at all.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from alphaline.errors import DatasetError

_NAME = re.compile(r"(?P<topic>.+)-(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)\.parquet")

_PLACE = [
    ("topic", pa.string()),
    ("partition", pa.int32()),
    ("offset", pa.int64()),
    ("digest", pa.string()),
]
BARS = pa.schema(
    [
        *_PLACE,
        ("late", pa.bool_()),
        ("ts_event", pa.int64()),
        ("ts_known", pa.int64()),
        ("open", pa.float64()),
        ("high", pa.float64()),
        ("low", pa.float64()),
        ("close", pa.float64()),
        ("volume", pa.float64()),
        ("venue", pa.string()),
    ]
)
CLOCK = pa.schema(
    [
        *_PLACE,
        ("ts", pa.int64()),
        ("previous", pa.int64()),
        ("epoch", pa.int64()),
        ("kind", pa.string()),
        ("allowed_lateness_ms", pa.int64()),
    ]
)
OBSERVATIONS = pa.schema(
    [
        *_PLACE,
        ("series", pa.string()),
        ("ts_event", pa.int64()),
        ("ts_known", pa.int64()),
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("dataset", pa.string()),
    ]
)
# Ascending whole numbers shrink to almost nothing as differences; text repeats, so it gets a dictionary.
_DELTA = {"offset", "ts_event", "ts_known", "ts", "previous"}
_DICTIONARY = {"topic", "partition", "venue", "kind", "series", "unit", "dataset"}


class LakeFile(NamedTuple):
    """A file of the lake and what its name says of it."""

    path: Path
    topic: str
    partition: int
    first: int
    last: int


def lake_file(path: Path) -> LakeFile:
    """Return what the name of ``path`` says; DatasetError if it is no name of the lake."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise DatasetError(
            f"{path}: expected <topic>-<partition>-<first offset>-<last offset>.parquet in the lake; "
            "it was not written by the lake sink: move it elsewhere"
        )
    return LakeFile(
        path, match["topic"], int(match["partition"]), int(match["first"]), int(match["last"])
    )


def write_rows(folder: Path, rows: pa.Table) -> Path:
    """Write ``rows``, sorted by offset and all of one partition, into ``folder``; durable on return."""
    offsets = rows["offset"]
    name = f"{rows['topic'][0]}-{rows['partition'][0]}-{offsets[0]}-{offsets[-1]}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    path, unfinished = folder / name, folder / f"{name}.tmp"
    with unfinished.open("wb") as file:
        pq.write_table(
            rows,
            file,
            compression="zstd",
            use_dictionary=[column for column in rows.column_names if column in _DICTIONARY],
            column_encoding={
                column: "DELTA_BINARY_PACKED" for column in rows.column_names if column in _DELTA
            },
            store_schema=False,
        )
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync_folder(folder)
    return path


def read_rows(file: LakeFile, schema: pa.Schema) -> pa.Table:
    """Return the rows of ``file``.

    Raises
    ------
    DatasetError
        If the file is torn, has other columns, or holds other rows than its name says.
    """
    try:
        rows = pq.ParquetFile(file.path).read()
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"{file.path}: expected a whole Parquet file, saw one that cannot be read ({error}); delete it and "
            f"let the lake sink read {file.topic}[{file.partition}] again from offset {file.first}"
        ) from error
    if not rows.schema.equals(schema):
        raise DatasetError(
            f"{file.path}: expected the columns {', '.join(schema.names)}, saw {rows.schema.to_string()}; it "
            "was not written by this version of the lake sink: move it elsewhere"
        )
    _check_rows(file, rows)
    return rows


def _check_rows(file: LakeFile, rows: pa.Table) -> None:
    seen = {
        (rows[0][at].as_py(), rows[1][at].as_py(), rows[2][at].as_py())
        for at in ((0, rows.num_rows - 1) if rows.num_rows else ())
    }
    named = {(file.topic, file.partition, file.first), (file.topic, file.partition, file.last)}
    if seen != named:
        raise DatasetError(
            f"{file.path}: expected the offsets that its name says, saw {sorted(seen)}; it was renamed or "
            "changed: delete it and let the lake sink read them again"
        )


def _sync_folder(folder: Path) -> None:
    # The rename itself is durable only once the folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
