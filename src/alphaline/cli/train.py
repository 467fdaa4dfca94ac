"""``alphaline train``: from recorded bars to a registered model version with the gate's verdict."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaline.cli.output import AsJson, answer, progress

if TYPE_CHECKING:
    from pipelines.local import TrainingResult

app = typer.Typer(add_completion=False)

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def train(
    data_root: Annotated[Path, typer.Option(help="Folder of feature store, trials and registry.")],
    strategy: Annotated[Path, typer.Option(help="Strategy file.")] = Path(
        "strategies/spy_intraday_v1.yaml"
    ),
    reference_root: Annotated[
        Path, typer.Option(help="Recorded data, session calendar, instrument master.")
    ] = Path("data/sample"),
    dataset: Annotated[str, typer.Option(help="Declared dataset of the bars.")] = "spy_minute_2011",
    first: Day = datetime(2011, 1, 3),  # noqa: DTZ001 - a date
    last: Day = datetime(2011, 1, 31),  # noqa: DTZ001
    held_out_from: Day = datetime(2011, 3, 1),  # noqa: DTZ001
    tracking_uri: Annotated[
        str, typer.Option(envvar="MLFLOW_TRACKING_URI", help="Empty: a file under the data root.")
    ] = "",
    fold: Annotated[
        bool, typer.Option(help="Fold the recorded bars into the feature store first.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Train and judge the model of a strategy; exit code 0 whatever the verdict."""
    from alphaline.runtime import determinism

    determinism.apply()
    from pipelines.local import TrainingArguments, run

    arguments = TrainingArguments(
        strategy=strategy.read_text(),
        dataset=dataset,
        first_session=first.date().isoformat(),
        last_session=last.date().isoformat(),
        held_out_from=held_out_from.date().isoformat(),
        data_root=data_root,
        reference_root=reference_root,
        tracking_uri=tracking_uri,
        fold=fold,
    )
    progress("Training: features, point-in-time set, labels, walk-forward, gate, registry")
    progress("  about a minute")
    result = run(arguments)
    answer(_payload(result), _lines(result), as_json=as_json)


def _payload(result: "TrainingResult") -> dict[str, Any]:
    return {
        "verdict": result.verdict,
        "gate": result.evidence["verdict"],
        **result.registration,
        "trials_counted": result.evidence["verdict"]["trials_counted"],
        "trial_ids": result.evidence["trial_ids"],
        "code_version": result.evidence["code_version"],
        "reasons": result.evidence["verdict"]["reasons"],
        "metrics": {
            f"{one['fold_set']}_{one['model']}": one["metrics"]
            for one in result.evidence["outcomes"]
        },
    }


def _lines(result: "TrainingResult") -> list[str]:
    made = result.registration
    checks = [
        f"  {'holds' if r['holds'] else 'fails'}  {r['fold_set']} {r['check']}: {r['value']}"
        f" (wanted {r['relation']} {r['threshold']})"
        for r in result.evidence["verdict"]["reasons"]
    ]
    return [
        f"{made['model_name']} version {made['model_version']}: {result.verdict},"
        f" alias {', '.join(made['aliases'])}",
        f"{result.evidence['verdict']['trials_counted']} trials counted",
        *checks,
    ]
