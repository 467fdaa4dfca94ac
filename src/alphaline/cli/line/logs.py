"""``alphaline logs``: what the parts of the line wrote."""

import os
from typing import Annotated

import typer

from alphaline.cli.line.place import Root, root_of
from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command()
def logs(
    part: Annotated[str | None, typer.Argument(help="One part; all of them by default.")] = None,
    lines: Annotated[int, typer.Option(min=1, help="How many lines of each.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as more is written.")] = False,
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Show the end of the parts' logs; they are kept under logs/ of the line, also after `down`."""
    from alphaline.errors import LineError
    from alphaline.runtime.supervision.supervised_line import SupervisedLine

    line = SupervisedLine(root_of(root))
    files = {path.stem: path for path in sorted(line.where.logs.glob("*.log"))}
    if not files or (part is not None and part not in files):
        raise LineError(
            f"expected the log of {part or 'a part'} under {line.where.logs}, saw "
            f"{', '.join(files) or 'none'}"
        )
    names = [part] if part is not None else list(files)
    if follow:
        # tail knows about rotation: -F goes on with the new file.
        paths = [str(files[name]) for name in names]
        os.execvp("tail", ["tail", "-n", str(lines), "-F", *paths])  # noqa: S606
    tails = {name: line.tail(name, lines) for name in names}
    shown = [
        text
        for name, tail in tails.items()
        for text in ([f"== {name}"] if part is None else []) + tail
    ]
    answer({"logs": tails}, shown, as_json=as_json)
