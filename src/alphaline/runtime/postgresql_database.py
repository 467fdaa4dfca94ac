"""A PostgreSQL database as a store's: the same statements, the same promises, over a connection that can be lost.

Each store has a schema of its own in the database, so that several share one. A writer's transactions
run one after the other because each begins by locking the table ``fence``, whose one row says who is
in charge (`FencedDatabase`): whatever it reads after that was committed before, so the default
isolation (READ COMMITTED) is enough, and nothing has to be tried again as SERIALIZABLE would demand.
The lock of one table with one row writes nothing, where that of the row would leave a dead copy for
each decision. An advisory lock of the session would vanish with the connection without the old writer
noticing; the row is looked at in the very transaction that writes. Readers wait for none of it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from alphaline.errors import ContractError, LineError, StoreUnavailableError
from alphaline.runtime.database import FENCE, AppendOnly, DatabaseAddress, Rows, Schema

# What the address does not say itself. A dead server or network is noticed within some ten seconds,
# where TCP's own defaults take minutes.
DEFAULTS = {
    "application_name": "alphaline",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# A writer that vanished in a transaction keeps the fence locked: its successor waits as long as a
# reader of a file does, and the server undoes what stands still for twice that.
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_MS = 10_000

_VERSION = """
CREATE TABLE IF NOT EXISTS schema_version (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
)
"""
_SET_VERSION = """
INSERT INTO schema_version VALUES (1, ?)
ON CONFLICT (id) DO UPDATE SET version = excluded.version
"""


class PostgresqlConnection:
    """A connection to one schema of a database.

    Raises
    ------
    StoreUnavailableError
        Here or at any statement, if the server does not answer or cannot do what was asked for now.
    """

    def __init__(self, address: DatabaseAddress, schema: str) -> None:
        self._address = address
        try:
            given = conninfo_to_dict(address.uri)
        except psycopg.ProgrammingError:
            # libpq repeats what it could not read, and that may be the password.
            raise ContractError(
                f"{address}: expected an address with options that libpq knows, saw another (not shown: it "
                "may hold a password)"
            ) from None
        with self._faults():
            conninfo = make_conninfo(
                address.uri, **{k: DEFAULTS[k] for k in DEFAULTS.keys() - given}
            )
            self._connection = psycopg.connect(conninfo, autocommit=True)
        try:
            self.execute(f"SET search_path TO {schema}")
        except BaseException:
            self.close()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be asked over this connection any more."""
        return self._connection.broken or self._connection.closed

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """Execute one statement."""
        with self._faults():
            return self._connection.execute(_in_their_words(statement), values or None)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each of ``rows``."""
        with self._faults(), self._connection.cursor() as cursor:
            cursor.executemany(_in_their_words(statement), rows)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            if isinstance(error, psycopg.OperationalError | psycopg.InternalError):
                raise StoreUnavailableError(
                    f"database {self._address}: expected an answer, saw: {_in_one_line(error)}"
                ) from error
            raise


class PostgresqlWriter(PostgresqlConnection):
    """The writer's connection; its schema is made where there is none.

    Raises
    ------
    ContractError
        If the database has a newer schema version than ``schema`` knows.
    LineError
        If the server does not keep what it confirms (``fsync = off``).
    """

    def __init__(self, address: DatabaseAddress, schema: Schema) -> None:
        super().__init__(address, schema.name)
        try:
            self._demand_durability()
            self._migrate(schema)
        except BaseException:
            self.close()
            raise

    def begin(self) -> None:
        """Begin a transaction once no other writer is in one; StoreUnavailableError if that takes long."""
        try:
            self.execute("BEGIN; LOCK TABLE fence IN EXCLUSIVE MODE")
        except BaseException:
            self.rollback()
            raise

    def commit(self) -> None:
        """Make the transaction durable; whether it is, is unknown where the answer is lost."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction; the server does so itself where the connection is lost."""
        if not self.is_lost:
            self.execute("ROLLBACK")

    def _demand_durability(self) -> None:
        if self.execute("SHOW fsync").fetchone() != ("on",):
            raise LineError(
                f"database {self._address}: expected a server with fsync = on, saw it off; a confirmed "
                "decision could be forgotten. Turn it on in postgresql.conf"
            )
        # A role or database may have it off; the stricter remote_apply stays.
        if self.execute("SHOW synchronous_commit").fetchone() == ("off",):
            self.execute("SET synchronous_commit TO on")
        self.execute(f"SET lock_timeout TO {LOCK_TIMEOUT_MS}")
        self.execute(f"SET idle_in_transaction_session_timeout TO {IDLE_IN_TRANSACTION_MS}")

    def _migrate(self, schema: Schema) -> None:
        self.execute("BEGIN")
        try:
            # Two first writers at once would both make the tables.
            self.execute("SELECT pg_advisory_xact_lock(hashtext(?))", [f"alphaline {schema.name}"])
            self._bring_up_to(schema)
        except BaseException:
            self.rollback()
            raise
        self.commit()

    def _bring_up_to(self, schema: Schema) -> None:
        # A role that may not make schemas can use one that was made for it.
        if self.execute("SELECT to_regnamespace(?)", [schema.name]).fetchone() == (None,):
            self.execute(f"CREATE SCHEMA {schema.name}")
        for statement in (*FENCE, _VERSION):
            self.execute(statement)
        row = self.execute("SELECT version FROM schema_version").fetchone()
        version = 0 if row is None else int(row[0])
        if version > len(schema.migrations):
            raise ContractError(
                f"{self._address}: expected schema version {len(schema.migrations)} of {schema.name} at most, "
                f"saw {version}; a newer release wrote it, use that one"
            )
        for changes in schema.migrations[version:]:
            for statement in _statements(changes):
                self.execute(statement)
        if version < len(schema.migrations):
            self.execute(_SET_VERSION, [len(schema.migrations)])


def open_database(address: DatabaseAddress, schema: str) -> PostgresqlConnection:
    """Return a connection that cannot write.

    Raises
    ------
    LineError
        If the schema is not there yet, or the server does not answer.
    """
    connection = PostgresqlConnection(address, schema)
    try:
        connection.execute("SET default_transaction_read_only TO on")
        found = connection.execute("SELECT to_regclass('schema_version')").fetchone()
    except BaseException:
        connection.close()
        raise
    if found == (None,):
        connection.close()
        raise LineError(
            f"expected the tables of {schema} in {address}, saw none; their writer has not started yet"
        )
    return connection


def _in_their_words(statement: str) -> bytes:
    assert "%" not in statement  # noqa: S101 - psycopg would take it for a value's place
    return statement.replace("?", "%s").encode()


_WORDS = {
    # SQLite's integers and reals have 64 bits; its text is ordered by bytes, as no language's is.
    "INTEGER": "BIGINT",
    "REAL": "DOUBLE PRECISION",
    "BLOB": "BYTEA",
    "TEXT": 'TEXT COLLATE "C"',
    "WITHOUT ROWID": "",
}


def _translated(definition: str) -> str:
    return re.sub("|".join(_WORDS), lambda found: _WORDS[found[0]], definition)


def _statements(changes: Iterable[str | AppendOnly]) -> Iterator[str]:
    for change in changes:
        if isinstance(change, AppendOnly):
            yield from _refusals(change.table)
        else:
            yield _translated(change)


def _refusals(table: str) -> Iterator[str]:
    yield """
    CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$
    """
    yield f"""
    CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """


def _in_one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__
