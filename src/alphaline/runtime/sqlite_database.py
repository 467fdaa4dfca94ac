"""A SQLite file as a store's database: one writer's transaction at a time, durable at its end."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from alphaline.errors import ContractError, LineError
from alphaline.runtime.database import FENCE, AppendOnly, Connection, Rows, Schema

# A reader that copies the file may hold it for a moment; a writer waits that long before it fails.
BUSY_TIMEOUT_MS = 5_000


class SqliteWriter:
    """The writer's connection to a file, which is made where there is none.

    Raises
    ------
    ContractError
        If the file has a newer schema version than ``schema`` knows.
    """

    is_lost = False

    def __init__(self, path: Path, schema: Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = _connect(path)
        try:
            self._migrate(path, schema)
        except BaseException:
            self._connection.close()
            raise

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Execute one statement."""
        return self._connection.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each of ``rows``."""
        self._connection.executemany(statement, rows)

    def begin(self) -> None:
        """Begin a transaction that writes; another writer's is waited for."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the transaction durable."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction."""
        self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _migrate(self, path: Path, schema: Schema) -> None:
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(schema.migrations):
            raise ContractError(
                f"{path}: expected schema version {len(schema.migrations)} at most, saw {version}; a newer "
                "release wrote it, use that one"
            )
        for statement in FENCE:
            self._connection.execute(statement)
        for number, changes in enumerate(schema.migrations[version:], start=version + 1):
            self.begin()
            for statement in _statements(changes):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {number}")
            self.commit()


def open_file(path: Path) -> Connection:
    """Return a connection that cannot write.

    Raises
    ------
    LineError
        If there is no such file yet, or it cannot be opened: where the folder is mounted read-only, it
        can be read only while its writer is up, who keeps the index of its write-ahead log there.
    """
    if not path.exists():
        raise LineError(f"expected the database {path}, saw none; its writer has not started yet")
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as error:
        raise LineError(
            f"expected to read the database {path}, saw: {error}; is its writer up, and the file readable "
            "for this user?"
        ) from error
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a committed decision survives power loss; an approval that is forgotten could be given twice.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _statements(changes: Iterable[str | AppendOnly]) -> Iterator[str]:
    for change in changes:
        if isinstance(change, AppendOnly):
            yield from _refusals(change.table)
        else:
            yield change


def _refusals(table: str) -> Iterator[str]:
    for name, deed in (("stay", "UPDATE"), ("remain", "DELETE")):
        yield f"""
        CREATE TRIGGER {table}_{name} BEFORE {deed} ON {table}
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
        """
