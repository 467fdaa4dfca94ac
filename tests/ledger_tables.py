"""Everything that a ledger records, for comparing two of them."""

from contextlib import closing
from typing import Any

from alphaline.cli.verification.once import LEDGER_TABLES
from alphaline.runtime.database import Place
from alphaline.runtime.fenced_database import open_for_reading
from alphaline.runtime.ledger_schema import SCHEMA


def ledger_tables(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table, sorted; not who writes it or where it goes on."""
    with closing(open_for_reading(place, SCHEMA)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)  # noqa: S608
            for table in LEDGER_TABLES
        }
