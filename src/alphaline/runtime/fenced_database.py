"""A SQLite file with one writer at a time: schema versions, full durability, a fencing epoch."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alphaline.errors import ContractError, LineError

# A reader that copies the file may hold it for a moment; a writer waits that long before it fails.
BUSY_TIMEOUT_MS = 5_000

_FENCE = "CREATE TABLE fence (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL)"


class FencedDatabase:
    """A SQLite database whose every write checks that its writer is still the one in charge.

    Not for use from two threads at once: the caller, who has one order of events to keep, serialises.

    Parameters
    ----------
    path
        The file; made where there is none.
    migrations
        One list of SQL statements for each schema version, from version 1 on. Those beyond the
        file's version are applied, each in one transaction.
    epoch
        The writer's fencing epoch. A higher one than the file's takes over.

    Raises
    ------
    ContractError
        If the file has a newer schema version than ``migrations`` knows.
    LineError
        If a writer of a higher epoch has taken over, here or at any later write.
    """

    def __init__(self, path: Path, migrations: Sequence[Sequence[str]], epoch: int) -> None:
        self._path = path
        self._epoch = epoch
        self._depth = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = _connect(path)
        try:
            _migrate(self.connection, path, [[_FENCE, *migrations[0]], *migrations[1:]])
            self._take_over()
        except BaseException:
            self.connection.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for writes that all happen or none; inner ones join the outer one."""
        if self._depth:
            yield self.connection
            return
        self.connection.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            self._check_epoch()
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        else:
            self.connection.execute("COMMIT")
        finally:
            self._depth = 0

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def _take_over(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            if _epoch(self.connection) <= self._epoch:
                self.connection.execute("INSERT OR REPLACE INTO fence VALUES (1, ?)", [self._epoch])
            self._check_epoch()
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def _check_epoch(self) -> None:
        epoch = _epoch(self.connection)
        if epoch != self._epoch:
            raise LineError(
                f"{self._path.name}: expected to be its writer with epoch {self._epoch}, saw epoch {epoch}; "
                "another process has taken over, so this one must stop"
            )


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; its rows are tuples.

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


def _migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]
) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise ContractError(
            f"{path}: expected schema version {len(migrations)} at most, saw {version}; a newer release "
            "wrote it, use that one"
        )
    for number, statements in enumerate(migrations[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")


def _epoch(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT epoch FROM fence").fetchone()
    return 0 if row is None else int(row[0])
