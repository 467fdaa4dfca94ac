"""``alphaline down``: stop the line of this machine."""

import typer

from alphaline.cli.line.place import Root, root_of
from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command()
def down(root: Root = None, as_json: AsJson = False) -> None:
    """Stop every part, the broker last; what the line keeps stays."""
    from alphaline.cli.progress import shown
    from alphaline.runtime.supervision.supervised_line import SupervisedLine

    folder = root_of(root)
    if not folder.is_dir():
        answer({"stopped": []}, [f"No line was ever started under {folder}."], as_json=as_json)
        return
    with shown("down") as progress:
        stopped = SupervisedLine(folder, progress.done).down()
    said = f"Stopped: {', '.join(stopped)}." if stopped else "Nothing ran."
    answer({"stopped": stopped}, [said], as_json=as_json)
