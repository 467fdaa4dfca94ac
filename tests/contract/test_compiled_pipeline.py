"""The pipeline that is checked in is the one in the code, and runs anywhere."""

import re

import pytest
import yaml

from pipelines.training import COMPILED, compiled

# kfp's own modules import deprecated parts of others.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_the_compiled_pipeline_is_what_the_code_compiles_to() -> None:
    assert COMPILED.read_text() == compiled(), "run `python -m pipelines.training`"


def test_the_compiled_pipeline_names_no_path_and_no_address() -> None:
    text = COMPILED.read_text()
    assert not re.findall(r"https?://|[\w.-]+:\d{2,5}\b|/(?:home|root|tmp|usr|work)/", text)
    assert "pip install" not in text
    assert "index-url" not in text


def test_no_argument_that_differs_between_deployments_has_a_default() -> None:
    document = next(yaml.safe_load_all(COMPILED.read_text()))
    parameters = document["root"]["inputDefinitions"]["parameters"]
    with_default = {name for name, one in parameters.items() if "defaultValue" in one}
    assert with_default == {"tracking_uri"}
    assert parameters["tracking_uri"]["defaultValue"] == ""


def test_every_step_has_the_outputs_that_the_next_one_reads() -> None:
    document = next(yaml.safe_load_all(COMPILED.read_text()))
    tasks = document["root"]["dag"]["tasks"]
    assert list(tasks) == ["assemble", "register", "validate"]
    assert tasks["validate"]["dependentTasks"] == ["assemble"]
    assert tasks["register"]["dependentTasks"] == ["assemble", "validate"]
