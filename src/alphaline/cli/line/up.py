"""``alphaline up``: start the line on this machine, give it the recorded data, and leave it up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphaline.cli.line.place import Root, address_lines, root_of
from alphaline.cli.output import AsJson, answer

if TYPE_CHECKING:
    from alphaline.cli.progress import Progress
    from alphaline.runtime.supervision.line_file import LineFile

app = typer.Typer(add_completion=False)

RECORDED = "This is recorded data: SPY of January and March 2011. Nothing here is live."


@app.command()
def up(
    root: Root = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Start the parts only: no recorded data, no model.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Start every part that does not run, train on January, trade March on paper, and stay up.

    What has been done already is not done again. The line is idle after the recorded data.
    """
    import msgspec

    from alphaline.cli.line.interruption import interruptible
    from alphaline.cli.progress import shown

    with interruptible(), shown("up") as progress:
        line = _up(root_of(root), progress, empty=empty)
    payload: dict[str, object] = msgspec.to_builtins(line)
    said = ["The line is up.", *([] if empty else [RECORDED]), *address_lines(line)]
    answer(payload, said, as_json=as_json)


def _up(folder: Path, progress: "Progress", *, empty: bool) -> "LineFile":
    from alphaline.cli.line.recorded_line import RecordedLine
    from alphaline.runtime.supervision.supervised_line import SupervisedLine, Wanted

    supervised = SupervisedLine(folder, progress.done)
    line = supervised.up(Wanted())
    if empty:
        return line
    recorded = RecordedLine(supervised, progress)
    try:
        return recorded.catch_up()
    finally:
        recorded.close()
