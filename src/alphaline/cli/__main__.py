"""The ``alphaline`` command: a table of groups, each of which is imported when it is asked for.

A group's module has an ``app`` (typer) and imports at its top only what its signatures need; what a
command works with is imported inside the command, so that ``--help`` stays fast. Every command has
``--json``.
"""

import importlib
import sys

import typer
from typer._click import Command, Context  # where typer keeps the click that it is built on
from typer.core import TyperGroup

from alphaline.cli.output import fail
from alphaline.errors import AlphalineError
from alphaline.runtime import determinism

# In the order of `--help`.
COMMANDS = {
    "demo": "alphaline.cli.line.demo",
    "up": "alphaline.cli.line.up",
    "status": "alphaline.cli.line.status",
    "logs": "alphaline.cli.line.logs",
    "down": "alphaline.cli.line.down",
    "clean": "alphaline.cli.line.clean",
    "doctor": "alphaline.cli.line.doctor",
    "topics": "alphaline.cli.topics",
    "import": "alphaline.cli.import_bars",
    "signals": "alphaline.cli.signals",
    "explain": "alphaline.cli.explain",
    "kill-switch": "alphaline.cli.kill_switch",
    "report": "alphaline.cli.report_command",
    "backfill": "alphaline.cli.backfill",
    "verify": "alphaline.cli.verify",
    "rerun": "alphaline.cli.rerun",
    "database": "alphaline.cli.database",
    "bench": "alphaline.cli.bench",
    "capacity": "alphaline.cli.capacity",
    "contracts": "alphaline.cli.contracts",
    "backtest": "alphaline.cli.backtest",
    "research": "alphaline.cli.research",
    "train": "alphaline.cli.train",
    "submit-training": "alphaline.cli.submit_training",
    "deliver": "alphaline.cli.deliver",
}


class CommandTable(TyperGroup):
    """The commands of ``COMMANDS``, without importing those that are not used."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        """Return the command of that name, None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(importlib.import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=CommandTable,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Market data in, risk-checked paper trades out, every one explained and re-executable.",
)


@app.callback()
def line() -> None:
    """Market data in, risk-checked paper trades out, every one explained and re-executable."""


def main() -> None:
    """Run the command line; a fault of ours is a message and exit code 1, not a traceback."""
    determinism.apply()
    try:
        app()
    except AlphalineError as error:
        fail(error, as_json="--json" in sys.argv)
        sys.exit(1)


if __name__ == "__main__":
    main()
