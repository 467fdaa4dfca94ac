"""Bad input on the command line: a message, an exit code, and no traceback."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from alphaline.cli.__main__ import main
from tests.integration.research.broken_folder import (
    BARS,
    IBM,
    Break,
    cut_short,
    repeated,
    rewritten,
    strategy_text,
    with_bar,
    write_sound,
)

REFUSED, MISUSED = 1, 2


class Answered(NamedTuple):
    """What the command left behind."""

    code: int
    out: str
    err: str


class Command:
    """``alphaline backtest`` on a small folder of daily data and its strategy."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.data, self.strategy = folder / "data", folder / "daily.yaml"
        self.data_root = folder / "research"
        self.data.mkdir()
        write_sound(self.data)
        self.strategy.write_text(strategy_text())
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def run(self, *options: str) -> Answered:
        """Run it as the shell does."""
        given = ["backtest", str(self.strategy), "--data", str(self.data)]
        root = ["--data-root", str(self.data_root)]
        self._monkeypatch.setattr(sys, "argv", ["alphaline", *given, *root, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        seen = self._capsys.readouterr()
        return Answered(int(ended.value.code or 0), seen.out, seen.err)


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(tmp_path, monkeypatch, capsys)


def require_refusal(answered: Answered, words: tuple[str, ...], code: int = REFUSED) -> None:
    said = answered.err
    assert answered.code == code, said
    assert "Traceback" not in said
    assert answered.out == ""
    # A usage message is set in a frame, which breaks its lines.
    flat = " ".join(said.replace("│", " ").split())
    missing = [word for word in words if word not in flat]
    assert not missing, f"{missing} not in: {flat}"


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (with_bar(low=-1.0), (f"{BARS}.parquet", IBM, "row 234, session 2001-02-01", "declare a repair")),
        (rewritten(BARS, repeated), (IBM, "row 235", "2001-02-01 repeats", "keep one for each")),
        (cut_short(BARS, 0.5), (f"{BARS}.parquet", "expected a whole Parquet file", "fetch it again")),
        (lambda folder: (folder / f"{BARS}.yaml").unlink(), ("expected a dataset of kind daily_bars",)),
    ],
    ids=["negative price", "duplicated time", "truncated file", "no bars"],
)  # fmt: skip
def test_bad_data_end_the_command(broken: Break, words: tuple[str, ...], command: Command) -> None:
    broken(command.data)
    require_refusal(command.run(), ("DatasetError: ", *words))


@pytest.mark.parametrize(
    ("sound", "wrong", "words"),
    [
        ("participation:", "participaton:", ("daily.yaml", "did you mean 'participation'")),
        ("{kind: logistic}", "{kind: oracle}", ("daily.yaml", "saw 'oracle'", "correct the name")),
        ("- sharpe_ratio", "- sharp_ratio", ("daily.yaml", "did you mean 'sharpe_ratio'")),
        ('"0.5"', '"0.0123456789"', ("daily.yaml", "at most 9 decimals", "round it up")),
        ("set: daily_baseline_v1", "set: daily_v9", ("features.set", "saw 'daily_v9'")),
    ],
)  # fmt: skip
def test_a_wrong_strategy_ends_the_command(
    sound: str, wrong: str, words: tuple[str, ...], command: Command
) -> None:
    command.strategy.write_text(strategy_text().replace(sound, wrong))
    require_refusal(command.run(), ("StrategyFileError: ", *words))


def test_a_fold_too_short_ends_the_command_and_counts_as_no_trial(command: Command) -> None:
    command.strategy.write_text(strategy_text().replace("first: 189", "first: 70"))
    words = ("expected 200 training decisions", "lengthen the training span")
    require_refusal(command.run("--held-out-from", "2001-08-01"), words)
    assert not any((command.data_root / "trials" / "returns").glob("*"))


def test_as_json_the_refusal_is_one_object(command: Command) -> None:
    with_bar(close=None)(command.data)
    answered = command.run("--json")
    assert answered.code == REFUSED
    assert "Traceback" not in answered.err
    refused = json.loads(answered.out)
    assert refused["error"] == "DatasetError"
    assert "row 234, session 2001-02-01" in refused["message"]


def test_an_unknown_model_ends_the_command(command: Command) -> None:
    require_refusal(command.run("--model", "oracle"), ("expected a kind of logistic", "'oracle'"))


def test_a_span_that_leaves_nothing_ends_the_command(command: Command) -> None:
    words = ("expected sessions before 1999-01-04", "begin on 2000-03-01", "hold out a later span")
    require_refusal(command.run("--held-out-from", "1999-01-04"), words)


@pytest.mark.parametrize(
    "options", [("--fold-set", "sideways"), ("--held-out-from", "January"), ("--no-such-option",)]
)
def test_a_wrong_option_is_a_misuse(options: tuple[str, ...], command: Command) -> None:
    require_refusal(command.run(*options), (options[0],), MISUSED)


def test_a_missing_strategy_file_is_a_misuse(command: Command) -> None:
    command.strategy.unlink()
    require_refusal(command.run(), ("strategy", "does not exist"), MISUSED)
