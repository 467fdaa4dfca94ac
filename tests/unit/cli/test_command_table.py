import json
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from alphaline.cli.__main__ import COMMANDS, app

# What no group may import at its top: `--help` imports every group.
HEAVY = {"numpy", "numba", "polars", "pandas", "confluent_kafka", "kafka", "mlflow", "feast", "kfp"}


def leaves(command: Any, path: str) -> dict[str, set[str]]:
    """Return the options of every command below ``command``, by its path."""
    if isinstance(command, TyperGroup):
        below = [leaves(command.commands[name], f"{path} {name}") for name in command.commands]
        return {name: options for found in below for name, options in found.items()}
    return {path: {option for parameter in command.params for option in parameter.opts}}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_in_json_on_request(name: str) -> None:
    found = leaves(typer.main.get_command(import_module(COMMANDS[name]).app), name)
    assert found
    assert [path for path, options in found.items() if "--json" not in options] == []


def test_help_names_every_group_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['alphaline', '--help']\n"
        "from alphaline.cli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "import json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert all(name in done.stdout for name in COMMANDS)
    assert HEAVY & set(json.loads(done.stderr)) == set()


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(app, ["nope"]).exit_code == 2
