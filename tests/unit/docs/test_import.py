"""What ``import alphaline`` gives, and what it leaves for later."""

import json
import subprocess
import sys

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
