"""Runs the training pipeline on this machine, each step in a process of its own."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from kfp import local
from kfp.local import config as local_config

from alphaline.errors import LineError
from pipelines.training import training

LOG_FILE = "last-run.log"


class TrainingArguments(NamedTuple):
    """Arguments of the pipeline; see ``pipelines.training.training``."""

    strategy: str
    dataset: str
    first_session: str
    last_session: str
    held_out_from: str
    data_root: Path
    reference_root: Path
    tracking_uri: str = ""
    fold: bool = False


class TrainingResult(NamedTuple):
    """What a run left behind.

    Parameters
    ----------
    verdict
        The gate's answer.
    evidence
        Content of the validation step's artifact: outcomes, trial ids, verdict with reasons.
    registration
        MLflow run, model name, version and aliases.
    """

    verdict: str
    evidence: dict[str, Any]
    registration: dict[str, Any]


def run(arguments: TrainingArguments) -> TrainingResult:
    """Run the pipeline and return what it left behind.

    The result is read from the artifacts: a local runner's status alone does not show that a step
    did anything.

    Raises
    ------
    LineError
        If a step failed or left no artifact; the message names the file with the steps' output.
    """
    return running(arguments.data_root, training, _values(arguments))


def running(
    data_root: Path, pipeline: Callable[..., object], values: Mapping[str, Any]
) -> TrainingResult:
    """Run a training pipeline with ``values``, and return what it left under ``data_root``.

    Parameters
    ----------
    pipeline
        That of ``pipelines.training``, or what kfp read from its document.

    Raises
    ------
    LineError
        As ``run``.
    """
    root = data_root.absolute() / "pipelines"
    root.mkdir(parents=True, exist_ok=True)
    before = set(root.iterdir())
    log = root / LOG_FILE
    # The runner prints what every step prints, and that is pages.
    with log.open("w") as output, redirect_stdout(output), _runner(root):
        try:
            pipeline(**values)
        except RuntimeError as error:
            raise LineError(f"the training pipeline failed ({error}); its output: {log}") from error
    return _result([path for path in root.iterdir() if path.is_dir() and path not in before], log)


def _values(arguments: TrainingArguments) -> dict[str, str | bool]:
    values = arguments._asdict()
    folders = {
        "data_root": str(arguments.data_root.absolute()),
        "reference_root": str(arguments.reference_root.absolute()),
    }
    return {**values, **folders}


@contextmanager
def _runner(root: Path) -> Iterator[None]:
    # The runner starts `python3` with this process's environment and reads one global configuration.
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    changed = {"PYTHONPATH": path.rstrip(os.pathsep), "PATH": _path_with_python()}
    kept = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(root))
    try:
        with warnings.catch_warnings():
            # It takes any image not named python for one with another interpreter.
            warnings.simplefilter("ignore")
            yield
    finally:
        local_config.LocalExecutionConfig.instance = None
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _path_with_python() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _result(runs: list[Path], log: Path) -> TrainingResult:
    if len(runs) != 1:
        raise LineError(
            f"expected one new run beside {log}, saw {[path.name for path in runs]}; let no two"
            " trainings share a data root at once"
        )
    evidence, registration = (
        _artifact(runs[0], step, name, log)
        for step, name in (("validate", "evidence"), ("register", "registration"))
    )
    return TrainingResult(evidence["verdict"]["outcome"], evidence, registration)


def _artifact(run_folder: Path, step: str, name: str, log: Path) -> dict[str, Any]:
    path = run_folder / step / name
    if not path.is_file():
        raise LineError(
            f"the training pipeline ended without an error, but step {step} left no {path}; its"
            f" output: {log}"
        )
    content: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return content
