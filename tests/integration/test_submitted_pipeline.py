"""What was uploaded, with the arguments that were sent, runs: by kfp's own runner, on this machine."""

import json
from pathlib import Path

import pytest
from kfp import components
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from alphaline.cli.submit_training import app
from alphaline.research.tracking import Tracking
from pipelines.local import TrainingResult, running
from tests.kubeflow_api import Kubeflow, serving

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

CHECKOUT = Path(__file__).parents[2]
STEPS = "image: alphaline/training:0.1.0\nclaims: [{name: training, path: /data}]\n"


def submitted(data_root: Path) -> Kubeflow:
    steps = data_root / "steps.yaml"
    steps.write_text(STEPS)
    folders = ["--data-root", str(data_root), "--reference-root", str(CHECKOUT / "data" / "sample")]
    strategy = ["--strategy", str(CHECKOUT / "strategies" / "spy_intraday_v1.yaml")]
    with serving(Kubeflow()) as kubeflow:
        command = ["--endpoint", kubeflow.address, "--steps", str(steps), *folders, *strategy]
        done = CliRunner().invoke(app, [*command, "--no-wait", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["run_id"] == kubeflow.runs[0]["run_id"]
    return kubeflow


def run(kubeflow: Kubeflow, data_root: Path) -> TrainingResult:
    (document,) = kubeflow.documents.values()
    pipeline = components.load_component_from_text(document)
    return running(data_root, pipeline, kubeflow.runs[0]["runtime_config"]["parameters"])


def test_the_uploaded_pipeline_registers_a_version_by_the_arguments_of_its_run(
    tmp_path: Path,
) -> None:
    trained = run(submitted(tmp_path), tmp_path)
    assert trained.verdict == "INSUFFICIENT_EVIDENCE"
    uri = Tracking.under(tmp_path).uri
    version = MlflowClient(uri, uri).get_model_version_by_alias("spy_intraday", "candidate")
    assert str(version.version) == trained.registration["model_version"]
