"""How a command that takes longer than a second shows that it goes on.

A terminal gets the steps that are done and a spinner with the present one; anything else plain lines,
those of a present step at most every few seconds. Both are written to standard error: standard output
stays the answer's.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.status import Status
from rich.text import Text

from alphaline.cli.output import progress

# Often enough to see that it moves, seldom enough for a log.
PLAIN_EVERY_S = 5.0


class Progress(Protocol):
    """Where a command tells what it does."""

    def done(self, line: str) -> None:
        """Tell something that stays to be read."""

    def going(self, line: str) -> None:
        """Tell where the present step stands; the next one replaces it."""


class PlainProgress:
    """Lines for a log."""

    def __init__(self) -> None:
        self._told = 0.0

    def done(self, line: str) -> None:
        """Print a line."""
        progress(line)
        self._told = time.monotonic()

    def going(self, line: str) -> None:
        """Print a line unless one was printed a moment ago."""
        if time.monotonic() - self._told >= PLAIN_EVERY_S:
            self.done(f"  {line}")


class TerminalProgress:
    """Lines above a spinner."""

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status

    def done(self, line: str) -> None:
        """Print a line that stays."""
        self._console.print(Text(line))

    def going(self, line: str) -> None:
        """Show a line beside the spinner."""
        self._status.update(Text(line))


class Timed:
    """Another progress, with the seconds since the start before each line."""

    def __init__(self, other: Progress) -> None:
        self._other = other
        self._began = time.monotonic()

    def done(self, line: str) -> None:
        """Tell it with the time."""
        self._other.done(self._stamped(line))

    def going(self, line: str) -> None:
        """Tell it with the time."""
        self._other.going(self._stamped(line))

    def _stamped(self, line: str) -> str:
        return f"[{time.monotonic() - self._began:4.0f} s] {line}"


@contextmanager
def shown(title: str) -> Iterator[Progress]:
    """Yield where to tell each step; ``title`` stands beside the spinner until the first."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield PlainProgress()
        return
    with console.status(title) as status:
        yield TerminalProgress(console, status)
