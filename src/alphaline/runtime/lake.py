"""Writes the lake: every accepted record of ``market.*`` as it came, with where it stood.

    <root>/bars/instrument=<id>/session=<date>/<file>         late bars and repetitions included
    <root>/clock/partition=<p>/session=<date>/<file>          with the lateness in force
    <root>/observations/session=<date>/<file>

The release rule applied to these files gives what the line saw, so a backfill needs nothing else.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.messages import Bar, Clock, Observation, digest
from alphaline.runtime.lake_files import BARS, CLOCK, OBSERVATIONS, write_rows

Int64 = NDArray[np.int64]


class LakeRow(NamedTuple):
    """A record of the log with its place.

    Parameters
    ----------
    topic, partition, offset
        Where it stands; the topic by its contract name.
    message
        The decoded value: a bar, a clock record or an observation.
    raw
        The bytes on the topic; their digest is kept.
    late
        For a bar: it arrived after the clock record that released its minute.
    """

    topic: str
    partition: int
    offset: int
    message: Bar | Clock | Observation
    raw: bytes
    late: bool = False


class _Group(NamedTuple):
    kind: str
    name: str
    topic: str
    partition: int


class LakeWriter:
    """Collects rows and writes them as files; what is not flushed is lost with the process.

    The owner commits its offsets after ``flush``, so a crash repeats rows and loses none.

    Parameters
    ----------
    root
        The lake's folder; made where it is missing.
    session_labels
        From instants (int64, UTC nanoseconds) to the labels of their sessions, such as
        ``SessionTable.labels_from``. It only chooses the folder.
    """

    def __init__(self, root: Path, session_labels: Callable[[Int64], Int64]) -> None:
        self._root = root
        self._session_labels = session_labels
        self._rows: dict[_Group, list[LakeRow]] = {}
        self.pending = 0

    def append(self, row: LakeRow) -> None:
        """Take one row; rows of a partition may come in any order between two flushes."""
        kind, name = _folder(row)
        group = _Group(kind, name, row.topic, row.partition)
        self._rows.setdefault(group, []).append(row)
        self.pending += 1

    def flush(self) -> list[Path]:
        """Write everything that was appended; returns the files, each durable and whole."""
        written = [
            write_rows(self._root / folder, table)
            for group, rows in self._rows.items()
            for folder, table in self._tables(group, rows)
        ]
        self._rows.clear()
        self.pending = 0
        return written

    def _tables(self, group: _Group, rows: list[LakeRow]) -> list[tuple[Path, pa.Table]]:
        rows.sort(key=lambda row: row.offset)
        instants = np.array([_instant(row.message) for row in rows], dtype=np.int64)
        labels = self._session_labels(instants)
        tables = []
        for label in np.unique(labels):
            session = [rows[index] for index in np.flatnonzero(labels == label)]
            date = np.datetime64(int(label), "ns").astype("datetime64[D]")
            folder = Path(group.kind, group.name, f"session={date}")
            tables.append((folder, _table(group.kind, session)))
        return tables


def _folder(row: LakeRow) -> tuple[str, str]:
    match row.message:
        case Bar(instrument=instrument):
            if (
                not instrument
                or not instrument.replace(".", "").replace("_", "").replace("-", "").isalnum()
            ):
                raise DatasetError(
                    f"{row.topic}[{row.partition}] offset {row.offset}: expected an instrument id of letters, "
                    f"digits, '.', '_' and '-', saw {instrument!r}; the lake names a folder after it"
                )
            return "bars", f"instrument={instrument}"
        case Clock():
            return "clock", f"partition={row.partition}"
        case Observation():
            return "observations", ""


def _instant(message: Bar | Clock | Observation) -> int:
    match message:
        case Bar():
            return message.ts_event
        case Clock():
            return message.ts
        case Observation():
            # Its event is a date; it belongs to the session in which it became known.
            return message.ts_known


_SCHEMAS = {"bars": BARS, "clock": CLOCK, "observations": OBSERVATIONS}


def _table(kind: str, rows: list[LakeRow]) -> pa.Table:
    schema = _SCHEMAS[kind]
    columns: dict[str, list[Any]] = {
        "topic": [row.topic for row in rows],
        "partition": [row.partition for row in rows],
        "offset": [row.offset for row in rows],
        "digest": [digest(row.raw) for row in rows],
        "late": [row.late for row in rows],
    }
    for name in schema.names:
        if name not in columns:
            columns[name] = [getattr(row.message, name) for row in rows]
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)
