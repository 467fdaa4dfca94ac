"""``alphaline demo``: the whole line over recorded data, then what it did."""

from typing import TYPE_CHECKING

import typer

from alphaline.cli.line.place import Root, root_of
from alphaline.cli.output import AsJson

if TYPE_CHECKING:
    from alphaline.cli.line.demo_run import Demo

app = typer.Typer(add_completion=False)


@app.command()
def demo(root: Root = None, as_json: AsJson = False) -> None:
    """Start a fresh line, train on January 2011, trade March on paper, report, and stop it.

    Keeps everything under var/demo, which is removed first; exit code 1 where something that was to
    be shown was not seen.
    """
    from alphaline.cli.line.demo_run import run_demo
    from alphaline.cli.line.interruption import interruptible
    from alphaline.cli.progress import shown

    with interruptible(), shown("demo") as progress:
        done = run_demo(root_of(root, "demo"), progress)
    if as_json:
        _print_json(done)
    else:
        _print_table(done)
    raise typer.Exit(0 if done.holds else 1)


def _print_json(done: "Demo") -> None:
    import json

    import msgspec

    payload = {
        "holds": done.holds,
        "folder": str(done.folder),
        "seconds": done.seconds,
        "summary": msgspec.to_builtins(done.summary),
    }
    print(json.dumps(payload))


def _print_table(done: "Demo") -> None:
    from rich.console import Console

    from alphaline.cli.line.demo_table import demo_table

    console = Console()
    console.print(demo_table(done))
    console.print(f"report   {done.folder / 'report.html'}", soft_wrap=True)
    console.print(f"numbers  {done.folder / 'summary.json'}", soft_wrap=True)
    console.print(f"took {done.seconds['everything']:.0f} s; the line is down", highlight=False)
