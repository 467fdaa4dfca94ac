"""``alphaline up``: start the line on this machine and leave it up."""

import typer

from alphaline.cli.line.place import Root, address_lines, root_of
from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command()
def up(root: Root = None, as_json: AsJson = False) -> None:
    """Start every part that does not run, wait until all are ready, and print their addresses."""
    import msgspec

    from alphaline.cli.progress import shown
    from alphaline.runtime.supervision.supervised_line import SupervisedLine, Wanted

    with shown("up") as progress:
        line = SupervisedLine(root_of(root), progress.done).up(Wanted())
    payload: dict[str, object] = msgspec.to_builtins(line)
    answer(payload, ["The line is up.", *address_lines(line)], as_json=as_json)
