"""``alphaline research select`` on the first years of the sample."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alphaline.cli.__main__ import app
from alphaline.errors import ContractError, StrategyFileError
from alphaline.features import FeatureSet, feature_set
from alphaline.runtime.places import checkout

FILE = checkout() / "strategies" / "daily_short_term_v1.yaml"
QUICK = (
    ("model: {kind: xgboost}", "model: {kind: logistic}"),
    ("first: 756", "first: 252"),
    ("test: 126", "test: 63"),
    ("step: 126", "step: 63"),
    ("held_out_folds: 4", "held_out_folds: 43"),
)


@pytest.fixture(scope="module")
def strategy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = FILE.read_text()
    for old, new in QUICK:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path_factory.mktemp("strategy") / "quick.yaml"
    file.write_text(text)
    return file


def run(strategy: Path, root: Path, *options: str) -> Result:
    arguments = ["research", "select", str(strategy), "--data-root", str(root)]
    return CliRunner().invoke(app, [*arguments, "--until", "2002-06-03", *options])


@pytest.fixture(scope="module")
def answered(strategy: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    root = tmp_path_factory.mktemp("root")
    out = root / "mine"
    options = ("--significance", "0.4", "--name", "daily_short_v7", "--out", str(out), "--json")
    return out, run(strategy, root, *options)


def payload(answered: tuple[Path, Result]) -> dict[str, Any]:
    assert answered[1].exit_code == 0, answered[1].output
    found: dict[str, Any] = json.loads(answered[1].stdout)
    return found


def test_it_writes_a_report_and_a_set_whose_digest_it_states(
    answered: tuple[Path, Result],
) -> None:
    found, out = payload(answered), answered[0]
    assert found["report"] == str(out / "daily_short_v7.html")
    assert found["source"] == str(out / "daily_short_v7.py")
    stated: dict[str, Any] = {}
    exec((out / "daily_short_v7.py").read_text(), stated)  # noqa: S102 - the module under test
    made: FeatureSet = stated["DAILY_SHORT_V7"]
    assert made.digest == found["feature_set_digest"]
    assert list(made.column_names) == found["columns"]


def test_every_column_of_the_base_has_its_reason(answered: tuple[Path, Result]) -> None:
    found = payload(answered)
    verdicts = {one["name"]: one for one in found["verdicts"]}
    assert tuple(verdicts) == feature_set(found["base"]).column_names
    assert [name for name, one in verdicts.items() if one["reason"] == "KEPT"] == found["kept"]
    assert set(found["columns"]) == {*found["kept"], "ewma_vol_60"}
    assert all(one["detail"] for one in verdicts.values())


def test_it_says_what_it_saw_and_what_it_cost_the_search(answered: tuple[Path, Result]) -> None:
    found = payload(answered)
    assert (found["held_out_from"], found["last_session"]) == ("2002-06-03", "2002-05-31")
    assert found["trials_counted"] == 1
    assert "data: 6,535 decisions, 40 features" in answered[1].stderr


def test_people_read_the_kept_first_and_then_the_removed(strategy: Path, tmp_path: Path) -> None:
    done = run(strategy, tmp_path, "--significance", "0.4")
    assert done.exit_code == 0, done.output
    marks = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert set(marks) == {"kept", "removed"}
    assert marks == sorted(marks)
    assert len(marks) == 40
    assert f"module: {tmp_path}/selection/daily_short_v2.py" in done.stdout
    assert "would be if none of them said anything" in done.stdout


def test_without_a_date_it_holds_out_what_the_search_does(strategy: Path, tmp_path: Path) -> None:
    arguments = ["research", "select", str(strategy), "--data-root", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    # Of the 47 spans of 63 sessions after the first 252, the last 43.
    assert (found["folds"], found["held_out_from"]) == (4, "2002-03-07")


def test_a_name_that_is_taken_is_refused(strategy: Path, tmp_path: Path) -> None:
    done = run(strategy, tmp_path, "--name", "daily_short_v1")
    assert isinstance(done.exception, ContractError)
    assert not (tmp_path / "trials").exists()


def test_a_strategy_without_research_terms_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text(FILE.read_text().partition("\nresearch:")[0])
    done = run(file, tmp_path)
    assert isinstance(done.exception, StrategyFileError)
    assert "section research" in str(done.exception)
