"""Whether the commands of Jobs are commands of ours, with options that these have."""

from collections.abc import Iterator
from importlib import import_module

import typer
from typer._click.exceptions import (
    ClickException,
)  # where typer keeps the click that it is built on

from alphaline.cli.__main__ import COMMANDS
from ci.charts.rendering import Manifest, Rendered
from ci.charts.settings import given_values, only_environment

OURS = ["python", "-m", "alphaline.cli"]


def misspelt(rendered: Rendered) -> Iterator[str]:
    """Yield every command line that ``alphaline`` would refuse before it does anything."""
    for owner, _, pod in rendered.pods():
        for container in pod["containers"]:
            if container.get("command", [])[:3] == OURS:
                problem = _refused(container)
                if problem:
                    yield f"{rendered.name}: {owner}: {problem}"


def _refused(container: Manifest) -> str:
    name, *arguments = container["command"][3:]
    if name not in COMMANDS:
        return f"alphaline has no command {name}"
    command = typer.main.get_command(import_module(COMMANDS[name]).app)
    try:
        with only_environment(given_values(container)), command.make_context(name, list(arguments)):
            return ""
    except ClickException as error:
        return f"{name}: {error.format_message()}"
