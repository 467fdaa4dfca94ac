"""A ledger that somebody changed behind its writer's back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

from alphaline.runtime.database import DatabaseAddress, Place
from alphaline.runtime.ledger_schema import SCHEMA


def change_ledger(place: Place, statement: str) -> None:
    """Execute ``statement`` on the ledger, without the triggers that forbid it."""
    if isinstance(place, DatabaseAddress):
        _change_database(place, statement)
    else:
        _change_file(place, statement)


def _change_file(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for (name,) in rows:
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0


def _change_database(address: DatabaseAddress, statement: str) -> None:
    with psycopg.connect(address.uri, autocommit=True) as connection:
        connection.execute(f"SET search_path TO {SCHEMA.name}".encode())
        connection.execute("SET session_replication_role TO replica")
        assert connection.execute(statement.encode()).rowcount > 0
