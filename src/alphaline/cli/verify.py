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


@app.command()
def lookahead(
    first: First = datetime(2011, 1, 3),  # noqa: DTZ001 - a session's date
    last: Last = datetime(2011, 1, 31),  # noqa: DTZ001
    cuts: Annotated[int, typer.Option(min=1, help="Points at which history is cut.")] = 200,
    research_cuts: Annotated[
        int, typer.Option(min=2, help="Points at which the columns of research are cut.")
    ] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Draws the points.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Nothing is known before it was known: the leaks of research are flagged, clean columns are not."""
    from rich.console import Console
    from rich.progress import track

    from alphaline.cli.verification.lookahead import Plan, verify_lookahead
    from alphaline.cli.verification.lookahead_table import lines

    console = Console(stderr=True)
    found = verify_lookahead(
        Plan(first.date(), last.date(), cuts, seed, research_cuts),
        lambda points, what: track(points, what, console=console, transient=True),
    )
    answer(found, lines(found), as_json=as_json)
    raise typer.Exit(0 if found["holds"] else 1)


@app.command()
def once(
    first: First = datetime(2011, 3, 1),  # noqa: DTZ001 - a session's date
    last: Last = datetime(2011, 3, 31),  # noqa: DTZ001
    as_json: AsJson = False,
) -> None:
    """Exactly once, by id: a run whose services are killed equals the unbroken one."""
    from alphaline.cli.verification.once import verify_once
    from alphaline.cli.verification.stream_batch import Span

    span = Span(first.date(), last.date())
    conclude(lambda folder: verify_once(folder, span, progress), as_json)


@app.command("paper-backtest")
def paper_backtest(
    session: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Session to trade.")
    ] = datetime(2011, 3, 10),  # noqa: DTZ001 - a session's date
    as_json: AsJson = False,
) -> None:
    """Backtest = paper: one session's log, decided again in a new process, gives the same by hash."""
    from alphaline.cli.verification.paper_backtest import verify_paper_backtest

    conclude(lambda folder: verify_paper_backtest(folder, session.date(), progress), as_json)


@app.command("fail-closed")
def fail_closed(
    session: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Session to trade.")
    ] = datetime(2011, 3, 10),  # noqa: DTZ001 - a session's date
    as_json: AsJson = False,
) -> None:
    """Fail closed: while risk or the model server is down, slow or wrong, nothing is approved."""
    from alphaline.cli.verification.fail_closed import verify_fail_closed

    conclude(lambda folder: verify_fail_closed(folder, session.date(), progress), as_json)


@app.command()
def gate(
    searches: Annotated[
        int,
        typer.Option(min=1, help="Searches in each cell that has a bar; a quarter in the others."),
    ] = 1000,
    thresholds: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Thresholds to judge by, in place of the gate's."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the searches.")] = 7,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; as many as there are cores by default.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for pictures of the result.")
    ] = None,
    found: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="JSON answer of an earlier run, in place of a run."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Luck is refused and an edge passes: simulated searches, judged by the gate itself."""
    from alphaline.cli.verification.gate_command import answered

    result = answered(found, thresholds, searches, seed, workers)
    if pictures is not None:
        from alphaline.cli.verification.gate_pictures import draw

        draw(result, pictures)
    from alphaline.cli.verification.gate_table import lines

    answer(result, lines(result), as_json=as_json)
    raise typer.Exit(0 if result["holds"] else 1)


def conclude(check: Callable[[Path], Mapping[str, Any]], as_json: bool) -> None:
    """Run a check in a folder of its own, print what it found, and exit by whether it holds."""
    with tempfile.TemporaryDirectory(prefix="alphaline-verify-") as folder:
        found = check(Path(folder))
    answer(found, [f"{name}: {value}" for name, value in found.items()], as_json=as_json)
    raise typer.Exit(0 if found["holds"] else 1)
