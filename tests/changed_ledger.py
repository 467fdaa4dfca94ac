"""A ledger that somebody changed behind its writer's back."""

import sqlite3
from contextlib import closing
from pathlib import Path


def change_ledger(path: Path, statement: str) -> None:
    """Execute ``statement`` on the file, without the triggers that forbid it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for (name,) in rows:
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0
