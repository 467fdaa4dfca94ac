"""Keeps the number of Parquet parts in a folder bounded, without ever hiding a row from a reader."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from alphaline.messages import digest

# Parts of one level that become one part of the next. A file costs a reader about 1 ms to open:
# 16 keeps a month of a minute feed under 100 files, and each row is rewritten once per level.
FAN_OUT = 16
_MERGED = b"alphaline.merged"
_CAME = "alphaline.came"


class Parts:
    """The parts of one folder, merged level by level.

    A merged part names the parts that it replaces. These stay until the next merge, so that a query
    that has listed the folder can finish; until then their rows are there twice, byte for byte.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._replaced = set[str]()
        for path in folder.glob("merged-*.parquet"):
            self._replaced.update(_replaced_by(path))

    def compact(self) -> None:
        """Merge every level that has ``FAN_OUT`` parts."""
        if len(self._live(0)) < FAN_OUT:
            return
        self._remove_replaced()
        level = 0
        while len(live := self._live(level)) >= FAN_OUT:
            self._merge(live, level + 1)
            level += 1

    def _live(self, level: int) -> list[Path]:
        pattern = "part-*.parquet" if level == 0 else f"merged-{level:02d}-*.parquet"
        return sorted(
            path for path in self._folder.glob(pattern) if path.name not in self._replaced
        )

    def _merge(self, paths: list[Path], level: int) -> None:
        names = [path.name for path in paths]
        rows = pa.concat_tables([pq.read_table(path) for path in paths])
        schema = rows.schema.with_metadata({_MERGED: json.dumps(names).encode()})
        content = digest("\n".join(names).encode())[:12]
        replace_durably(
            self._folder / f"merged-{level:02d}-{content}.parquet", _distinct(rows).cast(schema)
        )
        self._replaced.update(names)

    def _remove_replaced(self) -> None:
        for name in self._replaced:
            (self._folder / name).unlink(missing_ok=True)
        _sync_folder(self._folder)
        self._replaced = set()


def replace_durably(path: Path, rows: pa.Table) -> None:
    """Write ``rows`` beside ``path``, bring them to disk, then rename: all of the file or none."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        pq.write_table(rows, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _distinct(rows: pa.Table) -> pa.Table:
    # By instrument and times; of equal ones, in the order in which they came.
    names = rows.column_names
    counted = rows.append_column(_CAME, pa.array(range(len(rows)), pa.int64()))
    distinct = counted.group_by(names).aggregate([(_CAME, "min")])
    order = ("instrument", "ts_event", "ts_known", f"{_CAME}_min")
    return distinct.sort_by([(name, "ascending") for name in order]).select(names)


def _replaced_by(path: Path) -> Iterable[str]:
    metadata = pq.read_schema(path).metadata or {}
    return list(json.loads(metadata.get(_MERGED, b"[]")))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
