"""`alphaline verify`: the promises of the line, shown; each prints what it saw and whether it holds."""

import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from alphaline.cli.output import AsJson, answer, progress

app = typer.Typer(no_args_is_help=True)

First = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First session.")]
Last = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last session.")]


@app.callback()
def verify() -> None:
    """Show that a promise of the line holds, with the figures; exit code 1 where it does not."""


@app.command("stream-batch")
def stream_batch(
    first: First = datetime(2011, 3, 1),  # noqa: DTZ001 - a session's date
    last: Last = datetime(2011, 3, 31),  # noqa: DTZ001
    as_json: AsJson = False,
) -> None:
    """Stream = batch, byte for byte, under repetitions, delays and killed services."""
    from alphaline.cli.verification.stream_batch import Span, verify_stream_batch

    span = Span(first.date(), last.date())
    conclude(lambda folder: verify_stream_batch(folder, span, progress), as_json)


def conclude(check: Callable[[Path], Mapping[str, Any]], as_json: bool) -> None:
    """Run a check in a folder of its own, print what it found, and exit by whether it holds."""
    with tempfile.TemporaryDirectory(prefix="alphaline-verify-") as folder:
        found = check(Path(folder))
    answer(found, [f"{name}: {value}" for name, value in found.items()], as_json=as_json)
    raise typer.Exit(0 if found["holds"] else 1)
