"""``alphaline database``: look after the journal and the ledger, in files or on PostgreSQL."""

from typing import Annotated, Literal

import typer

from alphaline.cli.output import AsJson, answer

app = typer.Typer(no_args_is_help=True, add_completion=False)

Store = Annotated[
    Literal["journal", "ledger"], typer.Argument(help="What the database holds.", metavar="STORE")
]
Where = Annotated[
    str,
    typer.Argument(
        metavar="FILE|URI",
        help="A SQLite file, or postgresql://user@host/name with the password in PGPASSWORD, which no "
        "list of processes shows.",
    ),
]


@app.callback()
def database() -> None:
    """Audit, and move between SQLite and PostgreSQL."""


@app.command()
def audit(ledger: Where, as_json: AsJson = False) -> None:
    """Compare a ledger's positions with the fold of its postings; exit code 1 where they differ."""
    from alphaline.runtime.database import place_of
    from alphaline.runtime.ledger_audit import audit_at

    breaks = audit_at(place_of(ledger))
    lines = breaks or ["sound: every event balances, every position is the fold of its postings"]
    answer({"sound": not breaks, "breaks": breaks}, lines, as_json=as_json)
    raise typer.Exit(1 if breaks else 0)


@app.command()
def copy(store: Store, source: Where, target: Where, as_json: AsJson = False) -> None:
    """Copy a journal or a ledger into an empty database; stop its service before."""
    from alphaline.runtime import journal, ledger_schema
    from alphaline.runtime.database import place_of
    from alphaline.runtime.database_copy import copy_database

    held = journal if store == "journal" else ledger_schema
    rows = copy_database(place_of(source), place_of(target), held.SCHEMA, held.TABLES)
    lines = [f"{table}: {count} rows" for table, count in rows.items()]
    answer({"rows": rows}, lines, as_json=as_json)
