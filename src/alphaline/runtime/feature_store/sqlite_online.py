"""The newest row of each instrument, in the SQLite file that Feast serves online.

Durability: write-ahead log with ``synchronous=FULL``. A batch is one transaction and is on disk
when ``write`` returns, because the sink commits its offsets next: with ``NORMAL`` a power cut could
take rows whose offsets were already committed. One fsync a batch, about 0.1 ms on local flash.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alphaline.messages import FeatureVector
from alphaline.runtime.feature_store import encoding
from alphaline.runtime.feature_store.newest import newest_of_each, order
from alphaline.runtime.feature_store.table import ENTITY, FeatureTable, known_us, written_us

# How long a write waits for another writer of the file (Feast's own push or materialisation).
BUSY_TIMEOUT_S = 10.0
# The log is written back at 1 MB and then overwritten from its start. An fsync of a file that does
# not grow costs half of one that does, and 4 MB (SQLite's default) grow for hundreds of batches.
LOG_PAGES = 256


@dataclass
class _Block:
    """The rows of one instrument: consecutive row ids from ``first``, in the order of the features.

    Consecutive, so that one statement overwrites all values of a vector: three times as fast as
    one upsert per value, which is what a row-per-value layout otherwise asks for.
    """

    first: int
    newest: tuple[int, int]


class SqliteOnlineWriter:
    """Writes feature vectors into Feast's online table of one feature set.

    Of several vectors of an instrument the one with the latest ``(ts_known, ts_event)`` stays; an
    older or equal one never overwrites. Creates the table where Feast's apply has not yet.

    Parameters
    ----------
    path
        The SQLite file.
    table
        The feature set's stored form.
    """

    def __init__(self, path: Path, table: FeatureTable) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._table = table
        self._statements = _Statements(table)
        self._blocks: dict[str, _Block] = {}
        self._version = -1
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
        for statement in self._statements.create:
            self._connection.execute(statement)

    def write(self, vectors: Sequence[FeatureVector]) -> int:
        """Write one batch as one durable transaction; return how many instruments it changed.

        Raises
        ------
        MessageError
            If a vector is not a row of the table; nothing is written then.
        """
        if not vectors:
            return 0
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            written = self._write_newest(newest_of_each(vectors))
        except BaseException:
            self._connection.execute("ROLLBACK")
            self._blocks.clear()
            raise
        self._connection.execute("COMMIT")
        return written

    def tend(self) -> None:
        """Do nothing: a batch that was written is on disk."""

    def close(self) -> None:
        """Close the file; every batch is already durable."""
        self._connection.close()

    def _write_newest(self, vectors: Iterable[FeatureVector]) -> int:
        self._forget_if_foreign()
        fresh = [
            (vector, block)
            for vector in vectors
            if order(vector) > (block := self._block(vector.instrument)).newest
        ]
        if fresh:
            values = self._table.matrix([vector for vector, _ in fresh])
            self._connection.executemany(self._statements.floats, _float_rows(values, fresh))
            self._connection.executemany(self._statements.cell, _cell_rows(values, fresh))
        for vector, block in fresh:
            block.newest = order(vector)
        return len(fresh)

    def _forget_if_foreign(self) -> None:
        # SQLite counts up when another connection has changed the file; row ids may have moved.
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._blocks.clear()
            self._version = version

    def _block(self, instrument: str) -> _Block:
        if instrument not in self._blocks:
            key = encoding.entity_key(ENTITY, instrument)
            rows = self._connection.execute(self._statements.rows, (key,)).fetchall()
            self._blocks[instrument] = self._adopt(rows) or self._rebuild(key, rows)
        return self._blocks[instrument]

    def _adopt(self, rows: list[tuple[int, str, bytes]]) -> _Block | None:
        if not rows:
            return None
        first = rows[0][0]
        seen = [(rowid - first, name) for rowid, name, _ in rows]
        if seen != list(enumerate(self._table.features)):
            return None
        return _Block(first, _stored_time(rows))

    def _rebuild(self, key: bytes, rows: list[tuple[int, str, bytes]]) -> _Block:
        self._connection.execute(self._statements.delete, (key,))
        kept = {name: value for _, name, value in rows}
        first = self._connection.execute(self._statements.next_row).fetchone()[0]
        self._connection.executemany(
            self._statements.insert,
            [
                (first + position, key, name, kept.get(name, encoding.NULL_VALUE))
                for position, name in enumerate(self._table.features)
            ],
        )
        return _Block(first, _stored_time(rows))


class _Statements:
    """The SQL for one table; the first two are Feast's own definitions."""

    def __init__(self, table: FeatureTable) -> None:
        name = '"' + table.online_table.replace('"', '""') + '"'
        index = '"' + table.online_table.replace('"', '""') + '_ek"'
        self.create = (
            f"CREATE TABLE IF NOT EXISTS {name} (entity_key BLOB, feature_name TEXT, value BLOB,"
            " value_text TEXT,  vector_value BLOB, event_ts timestamp, created_ts timestamp, "
            " PRIMARY KEY(entity_key, feature_name))",
            f"CREATE INDEX IF NOT EXISTS {index} ON {name} (entity_key)",
        )
        self.rows = f"SELECT rowid, feature_name, value FROM {name} WHERE entity_key = ? ORDER BY 1"  # noqa: S608
        self.delete = f"DELETE FROM {name} WHERE entity_key = ?"  # noqa: S608
        self.next_row = f"SELECT coalesce(max(rowid), 0) + 1 FROM {name}"  # noqa: S608
        self.insert = (
            f"INSERT INTO {name} (rowid, entity_key, feature_name, value) VALUES (?, ?, ?, ?)"  # noqa: S608
        )
        self.floats = (
            f"UPDATE {name} SET value = substr(?1, 1 + {encoding.FLOAT_BYTES} * (rowid - ?3),"  # noqa: S608
            f" {encoding.FLOAT_BYTES}), value_text = rtrim(substr(?2, 1 + {encoding.TEXT_BYTES}"
            f" * (rowid - ?3), {encoding.TEXT_BYTES})), event_ts = ?4, created_ts = ?5"
            f" WHERE rowid BETWEEN ?3 AND ?3 + {len(table.columns) - 1}"
        )
        self.cell = (
            f"UPDATE {name} SET value = ?, value_text = ?, event_ts = ?, created_ts = ?"  # noqa: S608
            " WHERE rowid = ?"
        )


Fresh = Sequence[tuple[FeatureVector, _Block]]


def _stored_time(rows: list[tuple[int, str, bytes]]) -> tuple[int, int]:
    values = {name: value for _, name, value in rows}
    known, event = values.get("ts_known_ns"), values.get("ts_event")
    # Nothing stored is older than every vector.
    return (encoding.int64_of(known) if known else -1, encoding.int64_of(event) if event else -1)


def _stamps(vector: FeatureVector) -> tuple[int, int]:
    return (
        encoding.stored_seconds(known_us(vector.ts_known)),
        encoding.stored_seconds(written_us(vector)),
    )


def _float_rows(values: NDArray[np.float32], fresh: Fresh) -> Iterable[tuple[object, ...]]:
    finite = np.where(np.isnan(values), np.float32(0), values)  # nulls are written over by cell
    floats, texts = encoding.packed_floats(finite), encoding.packed_texts(finite)
    float_width = encoding.FLOAT_BYTES * values.shape[1]
    text_width = encoding.TEXT_BYTES * values.shape[1]
    for position, (vector, block) in enumerate(fresh):
        yield (
            floats[position * float_width : (position + 1) * float_width],
            texts[position * text_width : (position + 1) * text_width],
            block.first,
            *_stamps(vector),
        )


def _cell_rows(values: NDArray[np.float32], fresh: Fresh) -> Iterable[tuple[object, ...]]:
    for position, column in np.argwhere(np.isnan(values)).tolist():
        vector, block = fresh[position]
        yield (encoding.NULL_VALUE, None, *_stamps(vector), block.first + column)
    for vector, block in fresh:
        stamps = _stamps(vector)
        for row, cell in enumerate(encoding.attribute_cells(vector), block.first + values.shape[1]):
            yield (*cell, *stamps, row)
