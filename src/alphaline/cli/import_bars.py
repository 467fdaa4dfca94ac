"""``alphaline import``: one's own minute bars, checked, through the line."""

from pathlib import Path
from typing import Annotated

import typer

from alphaline.cli.line.place import Root
from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command("import")
def import_bars(
    file: Annotated[Path, typer.Argument(help="A .csv or .parquet file of one-minute bars.")],
    instrument: Annotated[str, typer.Option("--instrument", help="Id in the instrument master.")],
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="Zone of times that name none.")
    ] = None,
    skip_passed: Annotated[
        bool, typer.Option("--skip-passed", help="Leave out bars that the line's clock has passed.")
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0, help="Line seconds a second; 0: as fast as the line takes them.")
    ] = 0,
    check_only: Annotated[
        bool, typer.Option("--check", help="Check the file and publish nothing; needs no line.")
    ] = False,
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Check a file of one-minute bars and publish it with clock records after those of the line."""
    from alphaline.cli.importing.checked_file import checked_file
    from alphaline.cli.importing.publish import publish
    from alphaline.cli.progress import shown
    from alphaline.cli.reach import reach
    from alphaline.runtime.reference import ReferenceData

    line = reach(root)
    reference = ReferenceData(line.reference_root)
    with shown("import") as progress:
        checked = checked_file(file, instrument, time_zone, reference)
        progress.done(f"{len(checked.bars):,} bars, {checked.first} to {checked.last}, all checked")
        found = {
            "file": str(file),
            "instrument": instrument,
            "bars": len(checked.bars),
            "first_session": checked.first.isoformat(),
            "last_session": checked.last.isoformat(),
            "notes": list(checked.notes),
        }
        if not check_only:
            published = publish(line, root, checked, reference, progress, speed, skip_passed)
            found = {**found, **published}
    said = (
        "Checked; nothing was published." if check_only else "Published; the line takes them now."
    )
    answer(found, [*checked.notes, said], as_json=as_json)
