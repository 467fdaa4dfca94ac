"""What is submitted to a Kubeflow is what its published API takes, and the pipeline that runs here."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from alphaline.cli.submit_training import app
from alphaline.errors import ContractError, KubeflowError
from pipelines.kubeflow.document import deployed, version
from pipelines.kubeflow.endpoint import (
    Access,
    Endpoint,
    KubeflowRefusedError,
    KubeflowSilentError,
)
from pipelines.kubeflow.steps import Claim, Resources, SecretVariable, Steps, read_steps
from pipelines.kubeflow.submission import submit, wait
from pipelines.training import compiled
from tests.kubeflow_api import Kubeflow, serving

# kfp's own modules import deprecated parts of others.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

CHECKOUT = Path(__file__).parents[2]
STRATEGY = CHECKOUT / "strategies" / "spy_intraday_v1.yaml"
IMAGE = "registry.example.org/alphaline/training:0.1.0"
STEPS = Steps(image=IMAGE, claims=(Claim("training", "/data"),))
ARGUMENTS = {
    "strategy": "text",
    "dataset": "spy_minute_2011",
    "first_session": "2011-01-03",
    "last_session": "2011-01-31",
    "held_out_from": "2011-03-01",
    "data_root": "/data",
    "reference_root": "/app/data/sample",
    "tracking_uri": "",
    "fold": True,
}


@pytest.fixture
def kubeflow() -> Iterator[Kubeflow]:
    with serving(Kubeflow()) as made:
        yield made


@cache
def of_image(image: str) -> str:
    """Return the pipeline of that image, compiled once: it takes some tenths of a second."""
    return deployed(Steps(image=image, claims=STEPS.claims))


def submitted(kubeflow: Kubeflow, name: str = "one", image: str = IMAGE, **access: Any) -> Any:
    endpoint = Endpoint(Access(kubeflow.address, **access))
    return submit(endpoint, of_image(image), ARGUMENTS, experiment="training", run_name=name)


def test_what_is_submitted_is_the_pipeline_that_runs_here_with_pods_said() -> None:
    pipeline, _ = yaml.safe_load_all(of_image(IMAGE))
    here = yaml.safe_load(compiled())
    for executor in here["deploymentSpec"]["executors"].values():
        executor["container"]["image"] = IMAGE
    assert pipeline == here


def test_every_step_gets_what_the_steps_have_in_common() -> None:
    steps = Steps(
        image=f"{IMAGE}@sha256:{'0' * 64}",
        claims=(Claim("training", "/data"), Claim("reference", "/app/data/sample")),
        pull_policy="IfNotPresent",
        pull_secrets=("pull",),
        environment={"HOME": "/home"},
        secrets=(SecretVariable("AWS_ACCESS_KEY_ID", "s3", "id"),),
        labels={"alphaline/training-of": "alphaline"},
        resources=Resources("250m", "2", "1Gi", "2G"),
    )
    pipeline, platform = yaml.safe_load_all(deployed(steps))
    executors = pipeline["deploymentSpec"]["executors"]
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert list(pods) == list(executors) == ["exec-assemble", "exec-register", "exec-validate"]
    for label, executor in executors.items():
        container, pod = executor["container"], pods[label]
        assert container["image"] == steps.image
        assert container["env"] == [{"name": "HOME", "value": "/home"}]
        assert container["resources"] == {
            "cpuRequest": 0.25,
            "resourceCpuRequest": "250m",
            "cpuLimit": 2.0,
            "resourceCpuLimit": "2",
            "memoryRequest": 1.073741824,
            "resourceMemoryRequest": "1Gi",
            "memoryLimit": 2.0,
            "resourceMemoryLimit": "2G",
        }
        assert [(one["constant"], one["mountPath"]) for one in pod["pvcMount"]] == [
            ("training", "/data"),
            ("reference", "/app/data/sample"),
        ]
        assert pod["imagePullSecret"][0]["secretName"] == "pull"
        assert pod["podMetadata"]["labels"] == steps.labels
        assert pod["secretAsEnv"][0]["keyToEnv"] == [
            {"secretKey": "id", "envVar": "AWS_ACCESS_KEY_ID"}
        ]


def test_no_step_is_taken_from_a_cache() -> None:
    pipeline, _ = yaml.safe_load_all(of_image(IMAGE))
    options = [task["cachingOptions"] for task in pipeline["root"]["dag"]["tasks"].values()]
    assert options == [{}, {}, {}]


def test_a_run_of_a_version_by_content_is_started(kubeflow: Kubeflow) -> None:
    made = submitted(kubeflow)
    assert kubeflow.pipelines[0]["display_name"] == "alphaline-training"
    assert kubeflow.versions[0]["display_name"] == made.version == version(of_image(IMAGE))
    assert kubeflow.documents[made.version_id] == of_image(IMAGE)
    (run,) = kubeflow.runs
    assert run["runtime_config"]["parameters"] == ARGUMENTS
    assert run["pipeline_version_reference"]["pipeline_version_id"] == made.version_id
    assert not made.again


def test_the_same_twice_is_one_version_and_another_image_another(kubeflow: Kubeflow) -> None:
    first, second = submitted(kubeflow, "one"), submitted(kubeflow, "two")
    assert (first.version_id, first.run_id) == (second.version_id, "run-0")
    assert second.run_id == "run-1"
    other = IMAGE.replace("0.1.0", "0.2.0")
    assert submitted(kubeflow, "three", other).version_id != first.version_id
    assert [len(kept) for kept in (kubeflow.pipelines, kubeflow.experiments)] == [1, 1]
    assert len(kubeflow.versions) == 2


def test_a_run_whose_name_is_there_is_not_started_again(kubeflow: Kubeflow) -> None:
    first, again = submitted(kubeflow), submitted(kubeflow)
    assert again == first._replace(again=True)
    assert len(kubeflow.runs) == 1


def test_a_pipeline_that_somebody_made_in_between_is_taken(kubeflow: Kubeflow) -> None:
    kubeflow.made_elsewhere = True
    assert submitted(kubeflow).pipeline_id == "pipeline_id-0"


def test_the_namespace_is_that_of_pipeline_and_experiment(kubeflow: Kubeflow) -> None:
    submitted(kubeflow, namespace="research")
    submitted(kubeflow, namespace="trading")
    spaces = [one["namespace"] for one in kubeflow.pipelines + kubeflow.experiments]
    assert sorted(spaces) == ["research", "research", "trading", "trading"]


def test_a_token_is_read_anew_for_each_call(kubeflow: Kubeflow, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    kubeflow.tokens = ("first",)
    endpoint = Endpoint(Access(kubeflow.address, token=token))
    endpoint.pipeline("a")
    token.write_text("second\n")
    kubeflow.tokens = ("second",)
    endpoint.pipeline("b")
    assert set(kubeflow.shown) == {"Bearer first", "Bearer second"}


def test_a_token_that_is_not_there_is_named(kubeflow: Kubeflow, tmp_path: Path) -> None:
    with pytest.raises(KubeflowError, match=r"expected the token .* saw .*none"):
        submitted(kubeflow, token=tmp_path / "none")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "saw 401 not now; show a token that it knows"),
        (403, "saw 403 not now; whose token it is may not do that"),
        (404, "saw 404 not now; is that the address of the API"),
        (500, "saw 500 not now"),
    ],
)
def test_a_refusal_says_what_was_asked_and_why_not(
    kubeflow: Kubeflow, status: int, words: str
) -> None:
    kubeflow.refusals = [status]
    with pytest.raises(KubeflowRefusedError, match=words) as raised:
        submitted(kubeflow)
    assert f"{kubeflow.address}: expected it to make the experiment training" in str(raised.value)


def test_a_page_to_log_in_at_is_no_answer(kubeflow: Kubeflow) -> None:
    kubeflow.page = "<html>Log in</html>"
    with pytest.raises(KubeflowRefusedError, match="perhaps a page to log in at"):
        submitted(kubeflow)


def test_an_address_where_nobody_answers_is_named() -> None:
    with serving(Kubeflow()) as gone:
        pass
    with pytest.raises(KubeflowSilentError, match=f"{gone.address}: expected a Kubeflow that"):
        submitted(gone)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let some pass."""
        self.now += seconds


def waited(kubeflow: Kubeflow, timeout: float = 600.0) -> tuple[str, float]:
    made, clock = submitted(kubeflow), Clock()
    endpoint = Endpoint(Access(kubeflow.address))
    return wait(endpoint, made.run_id, timeout, clock=clock, sleep=clock.sleep), clock.now


def test_a_run_is_waited_for_until_it_succeeded(kubeflow: Kubeflow) -> None:
    assert waited(kubeflow) == ("SUCCEEDED", 10.0)


@pytest.mark.parametrize("state", ["FAILED", "CANCELED", "SKIPPED"])
def test_a_run_that_ended_otherwise_is_a_fault(kubeflow: Kubeflow, state: str) -> None:
    kubeflow.states = ("RUNNING", state)
    with pytest.raises(KubeflowError, match=rf"expected run run-0 \(one\) to succeed, saw {state}"):
        waited(kubeflow)


def test_the_step_that_failed_is_named_with_its_reason(kubeflow: Kubeflow) -> None:
    kubeflow.states = ("FAILED",)
    kubeflow.tasks = (
        {"display_name": "assemble", "state": "SUCCEEDED"},
        {"display_name": "validate", "state": "FAILED", "error": {"message": "out of memory"}},
    )
    with pytest.raises(KubeflowError, match=r"\(validate: out of memory\)"):
        waited(kubeflow)


def test_a_run_that_takes_too_long_is_left_running(kubeflow: Kubeflow) -> None:
    kubeflow.states = ("RUNNING",)
    with pytest.raises(KubeflowError, match="within 60 s, saw it going on; it is left so"):
        waited(kubeflow, 60.0)


def test_a_server_that_restarts_meanwhile_is_waited_for(kubeflow: Kubeflow) -> None:
    made, clock = submitted(kubeflow), Clock()
    kubeflow.refusals = [503] * 20
    endpoint = Endpoint(Access(kubeflow.address))
    assert wait(endpoint, made.run_id, 600.0, clock=clock, sleep=clock.sleep) == "SUCCEEDED"


def test_a_server_that_stays_away_is_a_fault(kubeflow: Kubeflow) -> None:
    made, clock = submitted(kubeflow), Clock()
    kubeflow.refusals = [503] * 100
    with pytest.raises(KubeflowSilentError, match="saw 503"):
        wait(Endpoint(Access(kubeflow.address)), made.run_id, 600, clock=clock, sleep=clock.sleep)
    assert clock.now == 120.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image: alphaline\nclaims: []", "expected one with a tag or a digest, saw 'alphaline'"),
        ("image: a:1", "missing required field `claims`"),
        ("image: a:1\nclaims: []\nimages: b", "unknown field `images`"),
        ("image: a:1\nclaims: []\nresources: {cpuLimit: many}", "expected a quantity such as 250m"),
        ("image: [", "steps.yaml: "),
    ],
)
def test_steps_that_say_something_else_are_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "steps.yaml"
    file.write_text(text)
    with pytest.raises(ContractError) as raised:
        read_steps(file)
    assert words in str(raised.value)


@pytest.fixture
def steps_file(tmp_path: Path) -> Path:
    file = tmp_path / "steps.yaml"
    file.write_text(f"image: {IMAGE}\nclaims:\n  - {{name: training, path: /data}}\n")
    return file


def test_the_command_answers_with_version_and_state(kubeflow: Kubeflow, steps_file: Path) -> None:
    arguments = ["--endpoint", kubeflow.address, "--steps", str(steps_file), "--data-root", "/data"]
    more = ["--strategy", str(STRATEGY), "--no-fold", "--run-name", "a", "--no-wait", "--json"]
    done = CliRunner().invoke(app, [*arguments, *more])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["state"], told["run_name"]) == ("SUBMITTED", "a")
    assert told["version"] == version(deployed(read_steps(steps_file)))
    parameters = kubeflow.runs[0]["runtime_config"]["parameters"]
    assert parameters["strategy"] == STRATEGY.read_text()
    assert not parameters["fold"]


def test_a_run_that_failed_ends_the_command_with_an_error(
    kubeflow: Kubeflow, steps_file: Path
) -> None:
    kubeflow.states = ("FAILED",)
    command = ["--endpoint", kubeflow.address, "--steps", str(steps_file), "--data-root", "/data"]
    done = CliRunner().invoke(app, [*command, "--strategy", str(STRATEGY)])
    assert done.exit_code == 1
    assert isinstance(done.exception, KubeflowError)
