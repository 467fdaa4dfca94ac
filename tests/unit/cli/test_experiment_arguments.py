"""What a research script may be asked for, and what it says of anything else."""

from datetime import date
from pathlib import Path

import pytest

from alphaline.cli.experiment_arguments import (
    ExperimentArguments,
    experiment_arguments,
    run_script,
)
from alphaline.errors import ModelError, StrategyFileError

MODELS = ("logistic", "xgboost", "lightgbm")


def asked(*argv: str) -> ExperimentArguments:
    return experiment_arguments("A script.", "daily_short_term_v1.yaml", MODELS, argv)


def test_by_default_the_strategy_file_decides() -> None:
    seen = asked()
    assert seen.strategy.strategy_id == "daily_short_term_v1"
    assert (seen.trials, seen.threads) == (20, 1)
    # The strategy's own kind is fitted anyway.
    assert seen.models == ("logistic", "lightgbm")
    assert seen.data.name == "sample"


def test_all_of_the_sample_is_read_unless_a_span_is_named() -> None:
    whole, part = asked(), asked("--since", "2003-02-03", "--until", "2003-02-28")
    assert len(whole.load().bars["eq.us.ibm"]) == 3_270
    assert len(part.load().bars["eq.us.ibm"]) == 19
    assert part.since == date(2003, 2, 3)


@pytest.mark.parametrize(
    ("given", "kinds"), [("", ()), ("catboost", ("catboost",)), ("xgboost,catboost", ("catboost",))]
)
def test_kinds_are_named_in_a_list(given: str, kinds: tuple[str, ...]) -> None:
    assert asked("--models", given).models == kinds


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ModelError, match=r"expected kinds of logistic, .*saw 'boost'"):
        asked("--models", "logistic,boost")


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5"])
def test_a_number_of_trials_is_a_whole_one(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        asked(f"--trials={given}")
    assert f"expected a whole number from 1 on, saw '{given}'" in capsys.readouterr().err


def test_a_strategy_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("strategy_id: mine\n")
    with pytest.raises(StrategyFileError, match=r"mine\.yaml"):
        asked("--strategy", str(path))


def test_a_strategy_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        asked("--strategy", "nowhere.yaml")
    assert "expected a file, saw none at nowhere.yaml" in capsys.readouterr().err


def test_a_fault_of_ours_is_a_message_and_an_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing() -> None:
        raise ModelError("expected something else")

    assert run_script(failing) == 1
    assert capsys.readouterr().err == "ModelError: expected something else\n"
    assert run_script(lambda: None) == 0
