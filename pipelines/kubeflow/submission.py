"""Submits the training pipeline to a Kubeflow, and waits for what comes of it."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from alphaline.errors import KubeflowError
from pipelines.kubeflow.document import version
from pipelines.kubeflow.endpoint import Endpoint, KubeflowSilentError
from pipelines.training import training

SUCCEEDED = "SUCCEEDED"
# What a run never leaves. A cancelled one is among them.
ENDED = frozenset({SUCCEEDED, "FAILED", "SKIPPED", "CANCELED"})
POLL_SECONDS = 5.0
# A server that is upgraded is silent for some time; the run goes on without it.
SILENT_POLLS = 24


class Submission(NamedTuple):
    """What was asked of a Kubeflow, and where it keeps it.

    Parameters
    ----------
    version
        Of the pipeline, by its content.
    again
        Whether the run was there already.
    """

    run_name: str
    run_id: str
    experiment_id: str
    pipeline_id: str
    version: str
    version_id: str
    again: bool


def submit(
    endpoint: Endpoint,
    document: str,
    arguments: dict[str, Any],
    *,
    experiment: str,
    run_name: str,
    service_account: str = "",
) -> Submission:
    """Start a run of the pipeline in ``document``; the same document is one version of it.

    A run of that name that the experiment holds already is not started again: whoever submits twice
    because it did not hear the answer gets the run that it made.

    Raises
    ------
    KubeflowError
        If the endpoint does not answer or refuses.
    """
    experiment_id = endpoint.experiment(experiment)
    pipeline_id = endpoint.pipeline(str(training.name))
    name = version(document)
    version_id = endpoint.version(pipeline_id, name, document)
    there = endpoint.run_named(experiment_id, run_name)
    run_id = there or endpoint.start(
        experiment_id, run_name, (pipeline_id, version_id), arguments, service_account
    )
    return Submission(
        run_name, run_id, experiment_id, pipeline_id, name, version_id, there is not None
    )


def wait(
    endpoint: Endpoint,
    run_id: str,
    timeout: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Return the state of a run that succeeded.

    Raises
    ------
    KubeflowError
        If it ended otherwise, is not ended after ``timeout`` seconds (it is left running), or the
        endpoint was silent for two minutes.
    """
    end, silent = clock() + timeout, 0
    while True:
        try:
            run, silent = endpoint.run(run_id), 0
        except KubeflowSilentError:
            silent += 1
            if silent > SILENT_POLLS:
                raise
        else:
            if run.state in ENDED:
                return _succeeded(run)
        if clock() >= end:
            raise KubeflowError(
                f"expected run {run_id} to end within {timeout:.0f} s, saw it going on; it is left so"
            )
        sleep(POLL_SECONDS)


def _succeeded(run: Any) -> str:
    if run.state != SUCCEEDED:
        raise KubeflowError(
            f"expected run {run.run_id} ({run.display_name}) to succeed, saw {run.state}"
            f"{_reasons(run)}; the logs of its pods tell why"
        )
    return SUCCEEDED


def _reasons(run: Any) -> str:
    details = run.run_details.task_details if run.run_details else None
    failed = [one for one in details or () if one.state == "FAILED"]
    steps = [_reason(one.display_name, one.error) for one in failed if one.display_name]
    whole = [_reason("the run", run.error)] if run.error and run.error.message else []
    said = "; ".join([*whole, *steps])
    return f" ({said})" if said else ""


def _reason(name: str, error: Any) -> str:
    return f"{name}: {error.message}" if error and error.message else name
