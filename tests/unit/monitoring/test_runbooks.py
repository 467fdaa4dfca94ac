"""Commands that runbooks tell people to type exist, with their options."""

import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from alphaline.cli.__main__ import COMMANDS
from ci.monitoring.places import ROOT, RUNBOOKS

BLOCK = re.compile(r"^ *```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PAGES = sorted((ROOT / RUNBOOKS).glob("*.md"))


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            for line in block.splitlines():
                if line.strip():
                    yield page.name, line.strip()


TYPED = sorted(set(commands()))


def test_there_are_commands_in_every_runbook() -> None:
    assert {page for page, _ in TYPED} == {page.name for page in PAGES}


@pytest.mark.parametrize(("page", "line"), TYPED)
def test_a_command_of_a_runbook_is_one_of_the_command_line(page: str, line: str) -> None:
    program, name, *words = shlex.split(line)
    assert program == "alphaline"
    command: Any = typer.main.get_command(import_module(COMMANDS[name]).app)
    while isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    options = {option: each for each in command.params for option in each.opts}
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            assert word in options, f"{line}: {word}"
            if not options[word].is_flag:
                words.pop(0)
        else:
            assert any(each.param_type_name == "argument" for each in command.params)


def test_every_denial_that_the_code_knows_stands_in_the_runbook_of_denials() -> None:
    page = (ROOT / RUNBOOKS / "AlphalineDenialsAboveNormal.md").read_text()
    sources = [
        *(ROOT / "src/alphaline/trading").glob("**/*.py"),
        *(ROOT / "services/signal_generation").glob("**/*.py"),
        ROOT / "src/alphaline/errors.py",
    ]
    codes = {
        code
        for path in sources
        for code in re.findall(
            r"(?:code=|code = |CONFLICT = )\"([A-Z]+(?:_[A-Z]+)+)\"", path.read_text()
        )
    }
    assert len(codes) > 15
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
