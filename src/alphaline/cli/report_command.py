"""``alphaline report``: what a line did, as a page with pictures and as numbers."""

from pathlib import Path
from typing import Annotated

import typer

from alphaline.cli.line.place import Root
from alphaline.cli.output import AsJson, answer

app = typer.Typer(add_completion=False)


@app.command("report")
def report(
    out: Annotated[Path, typer.Option("--out", help="Folder of report.html and summary.json.")],
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Read a line's log and ledger and write what it traded, why it denied, and how fast it was."""
    import msgspec

    from alphaline.cli.progress import shown
    from alphaline.cli.reach import reach
    from alphaline.cli.report import write_report
    from alphaline.cli.report.collect import collect
    from alphaline.runtime.reference import ReferenceData
    from alphaline.trading.strategy import read_strategy

    line = reach(root)
    files = [Path(name.strip()) for name in line.demand("ALPHALINE_STRATEGIES").split(",")]
    with shown("Reading the log"), line.subscription() as subscription:
        run = collect(
            subscription,
            line.partition_count,
            line.database("ALPHALINE_LEDGER"),
            ReferenceData(line.reference_root),
            read_strategy(files[0].read_bytes(), str(files[0])),
            None,
            "Recorded data is published faster than it happened: where bars queue, a latency holds the wait.",
        )
        summary = write_report(run, out)
    said = [f"report   {out / 'report.html'}", f"numbers  {out / 'summary.json'}"]
    answer(msgspec.to_builtins(summary), said, as_json=as_json)
