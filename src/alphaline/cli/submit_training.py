"""``alphaline submit-training``: the pipeline of ``alphaline train`` as a run of a Kubeflow."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from alphaline.cli.output import AsJson, answer, progress

app = typer.Typer(add_completion=False)

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def submit_training(
    endpoint: Annotated[
        str,
        typer.Option(
            envvar="ALPHALINE_KUBEFLOW_ENDPOINT",
            help="Address of Kubeflow Pipelines' API, such as http://ml-pipeline.kubeflow:8888.",
        ),
    ],
    steps: Annotated[Path, typer.Option(help="File with image and volumes of the steps' pods.")],
    data_root: Annotated[str, typer.Option(help="Folder that the steps share, in their pods.")],
    strategy: Annotated[Path, typer.Option(help="Strategy file, read here.")] = Path(
        "strategies/spy_intraday_v1.yaml"
    ),
    reference_root: Annotated[
        str, typer.Option(help="Recorded data, calendar and instrument master, in the steps' pods.")
    ] = "/app/data/sample",
    dataset: Annotated[str, typer.Option(help="Declared dataset of the bars.")] = "spy_minute_2011",
    first: Day = datetime(2011, 1, 3),  # noqa: DTZ001 - a date
    last: Day = datetime(2011, 1, 31),  # noqa: DTZ001
    held_out_from: Day = datetime(2011, 3, 1),  # noqa: DTZ001
    tracking_uri: Annotated[
        str,
        typer.Option(
            envvar="MLFLOW_TRACKING_URI",
            help="MLflow as the steps reach it. Empty: a file under the data root.",
        ),
    ] = "",
    fold: Annotated[
        bool, typer.Option(help="Fold the recorded bars into the feature store first.")
    ] = True,
    namespace: Annotated[
        str, typer.Option(help="Namespace of the runs, on a Kubeflow of several users.")
    ] = "",
    experiment: Annotated[str, typer.Option(help="Experiment of the run.")] = "alphaline-training",
    run_name: Annotated[
        str,
        typer.Option(
            envvar="ALPHALINE_KUBEFLOW_RUN",
            help="A run of that name is waited for, not started again. Empty: named by the time.",
        ),
    ] = "",
    service_account: Annotated[
        str, typer.Option(help="Service account of the run's pods. Empty: Kubeflow's own.")
    ] = "",
    token: Annotated[
        Path | None, typer.Option(help="File with the token that is shown, read for each call.")
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(help="PEM file that the server's certificate is checked against.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait for the run, and fail as it does.")] = True,
    timeout_minutes: Annotated[
        int, typer.Option(min=1, help="How long to wait; the run is left as it is.")
    ] = 120,
    as_json: AsJson = False,
) -> None:
    """Run the training pipeline on a Kubeflow; the same pipeline and steps are one version of it."""
    from alphaline.runtime import determinism

    determinism.apply()
    from alphaline.trading.strategy import read_strategy
    from pipelines.kubeflow.document import deployed
    from pipelines.kubeflow.endpoint import Access, Endpoint
    from pipelines.kubeflow.steps import read_steps
    from pipelines.kubeflow.submission import submit
    from pipelines.kubeflow.submission import wait as wait_for

    text = strategy.read_text()
    name = run_name or f"{read_strategy(text.encode()).strategy_id}-{_now()}"
    document = deployed(read_steps(steps))
    arguments = {
        "strategy": text,
        "dataset": dataset,
        "first_session": first.date().isoformat(),
        "last_session": last.date().isoformat(),
        "held_out_from": held_out_from.date().isoformat(),
        "data_root": data_root,
        "reference_root": reference_root,
        "tracking_uri": tracking_uri,
        "fold": fold,
    }
    kubeflow = Endpoint(Access(endpoint, namespace, token, authority))
    made = submit(
        kubeflow,
        document,
        arguments,
        experiment=experiment,
        run_name=name,
        service_account=service_account,
    )
    progress(f"Run {made.run_id} of version {made.version}{' was there already' * made.again}")
    state = wait_for(kubeflow, made.run_id, 60.0 * timeout_minutes) if wait else "SUBMITTED"
    answer(
        {"state": state, **made._asdict()},
        [f"{name}: {state}, run {made.run_id}, pipeline version {made.version}"],
        as_json=as_json,
    )


def _now() -> str:
    from datetime import UTC

    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
