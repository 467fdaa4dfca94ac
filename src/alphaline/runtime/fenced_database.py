"""A store's database with one writer at a time: schema versions, full durability, a fencing epoch."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alphaline.errors import LineError
from alphaline.runtime.database import Connection, Place, Schema, Writer
from alphaline.runtime.sqlite_database import SqliteWriter, open_file


class FencedDatabase:
    """A database whose every write checks that its writer is still the one in charge.

    Not for use from two threads at once: the caller, who has one order of events to keep, serialises.

    Parameters
    ----------
    place
        A SQLite file, made where there is none, or a PostgreSQL database.
    schema
        What it holds. Versions beyond the database's are applied, each in one transaction.
    epoch
        The writer's fencing epoch. One that is not lower than the database's takes over: of two
        writers with one epoch, such as a pod and the one that replaces it, the later is in charge.

    Raises
    ------
    ContractError
        If the database has a newer schema version than ``schema`` knows.
    LineError
        If another writer has taken over, here or at any later write.
    StoreUnavailableError
        If a server does not answer, here or at any later call; the next call connects again. A
        transaction that ends so may have been committed: whoever needs to know looks.
    """

    def __init__(self, place: Place, schema: Schema, epoch: int) -> None:
        self._place = place
        self._schema = schema
        self._epoch = epoch
        self._name = f"{socket.gethostname()}, process {os.getpid()}, {secrets.token_hex(4)}"
        self._is_inside = False
        self._writer = _writer(place, schema)
        try:
            self._take_over()
        except BaseException:
            self._writer.close()
            raise

    @property
    def connection(self) -> Connection:
        """The connection, for reading; a new one where the last was lost outside a transaction."""
        return self._connected()

    @property
    def is_available(self) -> bool:
        """Whether the database answered when it was last asked; a file always does."""
        return not self._writer.is_lost

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give the connection for writes that all happen or none; inner ones join the outer one."""
        if self._is_inside:
            yield self._writer
            return
        with self._grouped() as writer:
            self._demand_charge(writer)
            yield writer

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    @contextmanager
    def _grouped(self) -> Iterator[Writer]:
        writer = self._connected()
        writer.begin()
        self._is_inside = True
        try:
            yield writer
        except BaseException:
            writer.rollback()
            raise
        else:
            writer.commit()
        finally:
            self._is_inside = False

    def _connected(self) -> Writer:
        if self._writer.is_lost and not self._is_inside:
            self._writer = _writer(self._place, self._schema)
        return self._writer

    def _take_over(self) -> None:
        with self._grouped() as writer:
            row = writer.execute("SELECT epoch FROM fence").fetchone()
            if row is not None and row[0] > self._epoch:
                self._demand_charge(writer)
            writer.execute(_SET_EPOCH, [self._epoch])
            writer.execute(_SET_HOLDER, [self._name])

    def _demand_charge(self, writer: Writer) -> None:
        epoch, name = writer.execute(_IN_CHARGE).fetchone()
        if (epoch, name) != (self._epoch, self._name):
            raise LineError(
                f"{self._place}: expected to be its writer with epoch {self._epoch}, saw epoch {epoch} "
                f"({name}); another process has taken over, so this one must stop"
            )


_IN_CHARGE = "SELECT epoch, coalesce(name, '?') FROM fence LEFT JOIN holder USING (id)"
_SET_EPOCH = "INSERT INTO fence VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch"
_SET_HOLDER = "INSERT INTO holder VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name"


def open_for_reading(place: Place, schema: Schema) -> Connection:
    """Return a connection that cannot write.

    Raises
    ------
    LineError
        If the database is not there yet, or it cannot be opened.
    """
    if isinstance(place, Path):
        return open_file(place)
    # Where databases are files, psycopg need not be installed.
    from alphaline.runtime.postgresql_database import open_database  # noqa: PLC0415

    return open_database(place, schema.name)


def _writer(place: Place, schema: Schema) -> Writer:
    if isinstance(place, Path):
        return SqliteWriter(place, schema)
    from alphaline.runtime.postgresql_database import PostgresqlWriter  # noqa: PLC0415

    return PostgresqlWriter(place, schema)
