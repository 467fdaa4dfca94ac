"""What a store of the line asks of a database: where it is, what it holds, and statements of one dialect.

Statements are written once, in SQLite's words as far as PostgreSQL says the same: ``?`` for a value,
``ON CONFLICT`` for an upsert, INTEGER (64 bits), REAL (64 bits), BLOB and TEXT (ordered by bytes) for
columns. `sqlite_database` takes them as they are, `postgresql_database` translates these few words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from alphaline.errors import ContractError


class Rows(Protocol):
    """The rows that a statement returned; they are tuples."""

    @property
    def description(self) -> Any:
        """Return a sequence for each column that starts with its name."""

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What executes statements; each is one transaction where none is open."""

    def execute(self, statement: str, values: Sequence[Any] = ..., /) -> Rows:
        """Execute one statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Execute one statement for each of ``rows``."""

    def close(self) -> None:
        """Close the connection; what was not committed is undone."""


class Writer(Connection, Protocol):
    """A connection whose statements are grouped into transactions, one writer's at a time."""

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be asked over this connection any more."""

    def begin(self) -> None:
        """Begin a transaction; no other writer's begins its own before this one's end."""

    def commit(self) -> None:
        """Make the transaction durable."""

    def rollback(self) -> None:
        """Undo the transaction; does nothing where the connection is lost, which undoes it too."""


class AppendOnly(NamedTuple):
    """That the rows of a table are neither changed nor deleted: the database itself refuses."""

    table: str


@dataclass(frozen=True)
class Schema:
    """What a database holds.

    Parameters
    ----------
    name
        Where several share a server: PostgreSQL's schema. A file holds one and does not name it.
    migrations
        What makes each version from the one before it, from version 1 on.
    """

    name: str
    migrations: Sequence[Sequence[str | AppendOnly]]

    def up_to(self, version: int) -> Self:
        """Return the schema as it was at an earlier version."""
        return type(self)(self.name, self.migrations[:version])


# Who may write: its epoch, and which of several with that epoch. The same for every store, and no
# part of what one records.
FENCE = (
    "CREATE TABLE IF NOT EXISTS fence (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL)",
)

# Anything else, or a password with unquoted signs in it, could show up in the wrong part.
_ADDRESS = re.compile(
    r"""postgres(?:ql)?://
    (?:(?P<user>[^:@/?\#\s]*)(?::[^@/?\#\s]*)?@)?
    (?P<hosts>(?:(?:\[[\da-fA-F:.]+\]|[\w.%-]*)(?::\d+)?,?)*)
    (?:/(?P<name>[^@/?\#\s]*))?
    (?:\?[^\#\s]*)?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class DatabaseAddress:
    """A PostgreSQL database; whoever prints it sees user, host and name, never the password.

    Parameters
    ----------
    uri
        ``postgresql://user:password@host:port/name?…`` as libpq reads it; what it leaves out is
        taken from libpq's own variables and files (``PGPASSWORD``, ``~/.pgpass``).

    Raises
    ------
    ContractError
        If it is no such address; the message does not repeat it.
    """

    uri: str = field(repr=False)

    def __post_init__(self) -> None:
        if _ADDRESS.fullmatch(self.uri) is None:
            raise ContractError(
                "database: expected postgresql://user:password@host:port/name with the special signs of "
                "user and password percent-encoded, saw something else (not shown: it may hold a password)"
            )

    def __str__(self) -> str:
        found = _ADDRESS.fullmatch(self.uri)
        assert found is not None  # noqa: S101 - as it was made
        user = f"{found['user']}@" if found["user"] else ""
        return f"postgresql://{user}{found['hosts']}/{found['name'] or ''}"


Place = Path | DatabaseAddress


def chosen_place(uri: str, file: Path | None, what: str) -> Place:
    """Return the database that settings name: a server's where there is one, else a file.

    Parameters
    ----------
    what
        ``ALPHALINE_LEDGER`` or its like, for the error.

    Raises
    ------
    ContractError
        If both are empty, or the address is none.
    """
    if uri:
        return DatabaseAddress(uri)
    if file is None:
        raise ContractError(
            f"expected {what} (a SQLite file) or {what}_DATABASE (a PostgreSQL database), saw neither"
        )
    return file


def place_of(text: str) -> Place:
    """Return the database that a person names: ``postgresql://…``, or else the path of a file."""
    return DatabaseAddress(text) if text.startswith(("postgresql:", "postgres:")) else Path(text)
