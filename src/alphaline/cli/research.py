"""``alphaline research``: what studies found, with the number of trials behind it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from alphaline.cli.output import AsJson, answer, progress
from alphaline.cli.select_features import select

app = typer.Typer(no_args_is_help=True)


@app.callback()
def research() -> None:
    """Look at studies: their trials, how many they are, what the gate says; and select features."""


app.command()(select)


@app.command()
def compare(
    hypothesis: Annotated[str, typer.Argument(help="Name of the hypothesis: the strategy's id.")],
    data_root: Annotated[
        Path | None,
        typer.Option(help="Folder of trials and MLflow.", show_default="var/research"),
    ] = None,
    shown: Annotated[int, typer.Option(min=1, help="Trials to judge and show.")] = 20,
    out: Annotated[Path | None, typer.Option(help="Write a page with pictures here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the trials of a hypothesis side by side; every trial is counted, shown or not."""
    import msgspec

    from alphaline.research.comparison import compare as compared
    from alphaline.research.trials import ledger_folder
    from alphaline.runtime.places import research_home
    from alphaline.runtime.trial_ledger import TrialLedger

    root = data_root or research_home()
    ledger = TrialLedger(_existing(ledger_folder(root)))
    tables = compared(ledger, hypothesis, shown=shown, runs=_runs(root, hypothesis))
    if out is not None:
        from alphaline.research.comparison_page import comparison_page

        out.write_text(comparison_page(ledger, tables))
        progress(f"page: {out}")
    if not as_json:
        from alphaline.cli.comparison_table import print_tables

        print_tables(tables)
    payload: dict[str, Any] = {"hypothesis": hypothesis, "families": msgspec.to_builtins(tables)}
    answer(payload, [], as_json=as_json)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise typer.BadParameter(
            f"expected a folder of trials, saw no {folder}; name the data root of a study"
        )
    return folder


def _runs(data_root: Path, hypothesis: str) -> dict[str, str]:
    # Without a store there is nothing to look up, and MLflow would make one.
    if not (data_root / "mlflow" / "mlflow.db").is_file():
        return {}
    from alphaline.research.tracking import Tracking, runs_by_trial

    return runs_by_trial(Tracking.under(data_root), hypothesis)
