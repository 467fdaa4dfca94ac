"""How far a command is can be read on standard error, with the time where that helps."""

import re

import pytest

from alphaline.cli.progress import PlainProgress, Timed, shown


def test_lines_that_stay_are_all_told_and_passing_ones_at_most_every_few_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = PlainProgress()
    told.done("first")
    told.going("passing")
    told.done("second")
    assert capsys.readouterr().err == "first\nsecond\n"


def test_the_seconds_since_the_start_stand_before_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown("a title") as progress:
        Timed(progress).done("first")
    seen = capsys.readouterr()
    assert re.fullmatch(r"\[ +\d+ s\] first\n", seen.err)
    assert seen.out == ""
