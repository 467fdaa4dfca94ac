"""A journal or a ledger from one database into another, row by row: between a file and a server, either way."""

from contextlib import closing

from alphaline.errors import ContractError, LineError
from alphaline.runtime.database import Connection, Place, Schema
from alphaline.runtime.fenced_database import FencedDatabase, open_for_reading

# A batch is in memory at once; a ledger's row has some 200 bytes.
BATCH_ROWS = 10_000


def copy_database(
    source: Place, target: Place, schema: Schema, tables: tuple[str, ...]
) -> dict[str, int]:
    """Copy every row of ``tables`` in one transaction and return how many each has.

    The source's writer is shut out first, so that nothing is written there after the copy has begun.
    The target takes over the epoch of the source: the same writer goes on, with the same number.

    Parameters
    ----------
    tables
        All that hold what the store records and where it goes on, those first that others refer to.

    Raises
    ------
    ContractError
        If the target holds something already.
    LineError
        If either cannot be opened, or the target does not hold what the source does.
    """
    epoch = _epoch(source, schema)
    with (
        closing(FencedDatabase(source, schema, epoch)) as old,
        closing(FencedDatabase(target, schema, epoch)) as new,
        new.transaction() as connection,
    ):
        _demand_empty(target, connection, tables)
        copied = {table: _copy(old.connection, connection, table) for table in tables}
        found = {table: _count(connection, table) for table in tables}
    if copied != found:
        raise LineError(f"{target}: expected the rows {copied}, saw {found}")
    return copied


def _epoch(source: Place, schema: Schema) -> int:
    with closing(open_for_reading(source, schema)) as connection:
        row = connection.execute("SELECT epoch FROM fence").fetchone()
        return 0 if row is None else int(row[0])


def _demand_empty(target: Place, connection: Connection, tables: tuple[str, ...]) -> None:
    filled = [table for table in tables if _count(connection, table)]
    if filled:
        raise ContractError(
            f"{target}: expected an empty database to copy into, saw rows in {', '.join(filled)}; nothing "
            "was written"
        )


def _copy(source: Connection, target: Connection, table: str) -> int:
    rows = source.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of our schema
    places = ", ".join("?" * len(rows.description))
    insert = f"INSERT INTO {table} VALUES ({places})"  # noqa: S608
    batch, copied = [], 0
    for row in rows:
        batch.append(row)
        copied += 1
        if len(batch) == BATCH_ROWS:
            target.executemany(insert, batch)
            batch.clear()
    target.executemany(insert, batch)
    return copied


def _count(connection: Connection, table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(found[0])
