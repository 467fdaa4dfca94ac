"""Reads the lake back: the log of a partition as it was, or the bars of an instrument."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.messages import Bar, Clock, Observation
from alphaline.runtime.lake_files import (
    BARS,
    CLOCK,
    OBSERVATIONS,
    LakeFile,
    lake_file,
    read_rows,
)

BAR_KIND, CLOCK_KIND, OBSERVATION_KIND = 0, 1, 2
_TYPES: dict[int, type[Bar | Clock | Observation]] = {
    BAR_KIND: Bar,
    CLOCK_KIND: Clock,
    OBSERVATION_KIND: Observation,
}
_FOLDERS = {BAR_KIND: "bars", CLOCK_KIND: "clock", OBSERVATION_KIND: "observations"}
_SCHEMAS = {BAR_KIND: BARS, CLOCK_KIND: CLOCK, OBSERVATION_KIND: OBSERVATIONS}

Columns = dict[str, NDArray[Any]]


class LoggedMessage(NamedTuple):
    """A message of the log; ``digest`` is that of its bytes, ``late`` is as the sink saw it."""

    offset: int
    message: Bar | Clock | Observation
    digest: str
    late: bool


class PartitionLog:
    """The records of one partition in the order of their offsets, each once.

    Attributes
    ----------
    offset
        int64 (n,), ascending.
    kind
        uint8 (n,): ``BAR_KIND``, ``CLOCK_KIND`` or ``OBSERVATION_KIND``.
    row
        int64 (n,): position of the record in the columns of its kind.
    bars, clock, observations
        Columns by name, each with ``offset`` and ``digest``; ``bars`` with ``instrument`` and ``late``.
    """

    def __init__(self, columns: dict[int, Columns]) -> None:
        offsets = [columns[kind]["offset"] for kind in _TYPES]
        order = np.argsort(np.concatenate(offsets), kind="stable")
        sizes = [len(part) for part in offsets]
        self.offset: NDArray[np.int64] = np.concatenate(offsets)[order]
        self.kind: NDArray[np.uint8] = np.repeat(np.array(list(_TYPES), np.uint8), sizes)[order]
        self.row: NDArray[np.int64] = np.concatenate([np.arange(n) for n in sizes])[order]
        self.bars = columns[BAR_KIND]
        self.clock = columns[CLOCK_KIND]
        self.observations = columns[OBSERVATION_KIND]

    def __len__(self) -> int:
        return len(self.offset)

    def messages(self) -> Iterator[LoggedMessage]:
        """Yield the records as the frozen values that stood on the topic."""
        parts = {
            BAR_KIND: _messages(BAR_KIND, self.bars),
            CLOCK_KIND: _messages(CLOCK_KIND, self.clock),
            OBSERVATION_KIND: _messages(OBSERVATION_KIND, self.observations),
        }
        # Within a kind the rows are in offset order, so each kind is read from its front.
        for kind in self.kind.tolist():
            yield next(parts[kind])


class LakeReader:
    """Reads the lake under ``root``; files that are being written are not seen."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def instruments(self) -> tuple[str, ...]:
        """Return the ids of the instruments that have bars, sorted."""
        return tuple(
            sorted(path.name.partition("=")[2] for path in self._root.glob("bars/instrument=*"))
        )

    def partitions(self) -> tuple[tuple[str, int], ...]:
        """Return the (topic, partition) pairs that have clock records, sorted."""
        files = map(lake_file, self._root.glob("clock/*/*/*.parquet"))
        return tuple(sorted({(file.topic, file.partition) for file in files}))

    def log(
        self, topic: str, partition: int, from_ts: int | None = None, to_ts: int | None = None
    ) -> PartitionLog:
        """Return a partition's log: bars and observations merged with the clock records.

        Parameters
        ----------
        from_ts, to_ts
            Line time. The log begins after the last clock record at or before ``from_ts`` and ends with
            the last one at or before ``to_ts``: a cut between two clock records, as a reader of the
            line would have stood there. None: from the first, to the last record.

        Raises
        ------
        DatasetError
            For a torn or foreign file, or where two files disagree about an offset.
        """
        clock = self._columns(CLOCK_KIND, topic, partition, 0, None)
        first, last = _cut(clock, from_ts, to_ts)
        inside = (clock["offset"] >= first) & (clock["offset"] <= last)
        columns = {
            kind: self._columns(kind, topic, partition, first, last)
            for kind in (BAR_KIND, OBSERVATION_KIND)
        }
        columns[CLOCK_KIND] = {name: values[inside] for name, values in clock.items()}
        return PartitionLog(columns)

    def bars(self, instrument: str, topic: str = "market.bars.v1") -> Columns:
        """Return the bars of an instrument in (partition, offset) order, late ones and repetitions included."""
        files = [
            file
            for path in self._root.glob(f"bars/instrument={instrument}/*/*.parquet")
            if (file := lake_file(path)).topic == topic
        ]
        parts = [
            _once([file for file in files if file.partition == partition], BAR_KIND, 0, None)
            for partition in sorted({file.partition for file in files})
        ]
        return _joined(parts or [_once([], BAR_KIND, 0, None)])

    def _columns(
        self, kind: int, topic: str, partition: int, first: int, last: int | None
    ) -> Columns:
        files = [
            file
            for path in self._root.glob(f"{_FOLDERS[kind]}/**/{topic}-{partition}-*.parquet")
            if (file := lake_file(path)).last >= first and (last is None or file.first <= last)
        ]
        return _once(files, kind, first, last)


def _once(files: list[LakeFile], kind: int, first: int, last: int | None) -> Columns:
    """Return the rows of ``files`` with first <= offset <= last, each offset once, in order."""
    tables = [_with_instrument(file, read_rows(file, _SCHEMAS[kind]), kind) for file in files]
    schema = _SCHEMAS[kind]
    if kind == BAR_KIND:
        schema = schema.append(pa.field("instrument", pa.string()))
    table = pa.concat_tables([schema.empty_table(), *tables])
    offsets = table["offset"].to_numpy()
    kept, index = np.unique(offsets, return_index=True)
    if len(kept) < len(offsets):
        _demand_agreement(table, offsets, files)
    inside = (kept >= first) & (kept <= (np.iinfo(np.int64).max if last is None else last))
    table = table.take(pa.array(index[inside]))
    return {name: table[name].to_numpy() for name in table.column_names}


def _with_instrument(file: LakeFile, rows: pa.Table, kind: int) -> pa.Table:
    if kind != BAR_KIND:
        return rows
    instrument = file.path.parent.parent.name.partition("=")[2]
    return rows.append_column("instrument", pa.array([instrument] * rows.num_rows, pa.string()))


def _demand_agreement(table: pa.Table, offsets: NDArray[np.int64], files: list[LakeFile]) -> None:
    digests = table["digest"].to_numpy()
    order = np.argsort(offsets, kind="stable")
    same = offsets[order][1:] == offsets[order][:-1]
    differs = same & (digests[order][1:] != digests[order][:-1])
    if differs.any():
        offset = int(offsets[order][1:][differs][0])
        holders = [str(file.path) for file in files if file.first <= offset <= file.last]
        raise DatasetError(
            f"{' and '.join(holders)}: expected one content of {files[0].topic}[{files[0].partition}] offset "
            f"{offset}, saw two; the topic was made again under the same lake: start a new lake"
        )


def _cut(clock: Columns, from_ts: int | None, to_ts: int | None) -> tuple[int, int]:
    first, last = 0, np.iinfo(np.int64).max
    # A repeated or superseded clock record does not turn line time back.
    line_time = np.maximum.accumulate(clock["ts"])
    if from_ts is not None:
        before = clock["offset"][line_time <= from_ts]
        first = int(before[-1]) + 1 if before.size else 0
    if to_ts is not None:
        until = clock["offset"][line_time <= to_ts]
        last = int(until[-1]) if until.size else -1
    return first, int(last)


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _messages(kind: int, columns: Columns) -> Iterator[LoggedMessage]:
    struct = _TYPES[kind]
    names = struct.__struct_fields__
    late = columns["late"].tolist() if kind == BAR_KIND else [False] * len(columns["offset"])
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    for offset, digest, is_late, values in zip(
        columns["offset"].tolist(), columns["digest"].tolist(), late, rows, strict=True
    ):
        yield LoggedMessage(
            offset, struct(**dict(zip(names, values, strict=True))), digest, is_late
        )
