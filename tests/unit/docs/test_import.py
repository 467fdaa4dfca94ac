"""What ``import alphaline`` gives, and what it leaves for later."""

import json
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import alphaline

HEAVY = {"numpy", "numba", "scipy", "sklearn", "pandas", "polars", "shap", "mlflow", "lightgbm"}


def loaded_after(statements: str) -> set[str]:
    code = f"import json, sys; {statements}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_the_import_by_itself_loads_no_library_and_no_part() -> None:
    loaded = loaded_after("import alphaline")
    assert {name for name in loaded if name.partition(".")[0] in HEAVY} == set()
    assert {name for name in loaded if name.startswith("alphaline.")} == {"alphaline.on_demand"}


def test_a_part_is_loaded_when_it_is_used_and_brings_no_other_along() -> None:
    loaded = loaded_after("import alphaline; alphaline.metrics.drawdown.max_drawdown")
    parts = {name.split(".")[1] for name in loaded if name.startswith("alphaline.")}
    assert parts == {"metrics", "on_demand"}
    assert "alphaline.metrics.prediction" not in loaded


@pytest.mark.parametrize("part", dir(alphaline))
def test_every_part_is_there_by_name(part: str) -> None:
    loaded = loaded_after(f"import alphaline; alphaline.{part}.__doc__.strip()")
    assert f"alphaline.{part}" in loaded


def test_the_parts_are_those_that_the_docstring_lists() -> None:
    listed = [
        line.split("`")[1]
        for line in (alphaline.__doc__ or "").splitlines()
        if line[:1] == "`" and line[1:2] != "`"
    ]
    assert sorted(listed) == dir(alphaline)


def test_another_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'metric'; expected one of \['market'"):
        alphaline.metric  # noqa: B018


def test_what_is_not_a_module_of_a_part_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sharpe'"):
        alphaline.metrics.sharpe  # noqa: B018


def test_a_part_lists_its_modules_without_loading_them() -> None:
    loaded = loaded_after("import alphaline; assert 'drawdown' in dir(alphaline.metrics)")
    assert "alphaline.metrics.drawdown" not in loaded


def test_what_a_study_starts_with_is_in_research_by_name() -> None:
    listed = re.findall(r"^`(\w+)`", alphaline.research.__doc__ or "", re.MULTILINE)
    assert len(listed) == 9
    for name in listed:
        assert name in dir(alphaline.research)
        assert getattr(alphaline.research, name).__name__ == name
        # A module of that name would take its place once it is loaded.
        assert not (Path(alphaline.research.__file__ or "").parent / f"{name}.py").exists()


def test_a_name_of_research_loads_its_module_and_no_sooner() -> None:
    assert "alphaline.research.data" not in loaded_after("import alphaline.research")
    loaded = loaded_after("from alphaline.research import load_sample")
    assert "alphaline.research.data" in loaded
    assert "alphaline.research.trials" not in loaded


@pytest.mark.parametrize("part", [p for p in dir(alphaline) if p != "errors"])
def test_every_module_of_a_part_is_reached_from_it(part: str) -> None:
    package = getattr(alphaline, part)
    for found in iter_modules(package.__path__):
        assert hasattr(package, found.name), f"alphaline.{part}.{found.name}"
