"""``alphaline clean``: stop the line and forget everything that it kept."""

import sys
from typing import Annotated

import typer

from alphaline.cli.line.place import Root, root_of
from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command()
def clean(
    root: Root = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the line and remove its folder: log, lake, feature store, models, journal, ledger."""
    from alphaline.cli.line.forget import forget

    folder = root_of(root)
    if not folder.exists():
        answer({"removed": None}, [f"Nothing is kept under {folder}."], as_json=as_json)
        return
    if not yes and not _confirmed(str(folder)):
        raise typer.Exit(1)
    forget(folder)
    answer({"removed": str(folder)}, [f"Removed {folder}."], as_json=as_json)


def _confirmed(folder: str) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{folder} would be removed: say --yes where nobody can be asked")
    return typer.confirm(f"Stop the line and remove {folder} with everything in it?")
