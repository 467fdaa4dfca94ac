"""``alphaline explain``: one signal, from its raw bar to its ledger entries, computed again."""

from typing import Annotated

import typer

from alphaline.cli.line.place import Root
from alphaline.cli.output import AsJson

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    signal_id: Annotated[str, typer.Argument(help="Decision id, or the beginning of it.")],
    root: Root = None,
    as_json: AsJson = False,
) -> None:
    """Find everything behind a signal and compute it again; exit code 1 where something differs."""
    import msgspec
    from rich.console import Console

    from alphaline.runtime import determinism

    determinism.apply()
    from alphaline.cli.explanation.explain import explain as explained
    from alphaline.cli.explanation.narrative import narrative
    from alphaline.cli.progress import shown
    from alphaline.cli.reach import reach

    line = reach(root)
    with shown("Reading the log and folding the lake"), line.subscription() as subscription:
        told = explained(line, subscription, signal_id)
    if as_json:
        print(msgspec.json.encode(told).decode())
    else:
        Console().print(narrative(told))
    raise typer.Exit(0 if told.holds else 1)
