"""Ending in order on SIGTERM, on Ctrl-C and when the terminal goes away."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(SystemExit):
    """Somebody asked this command to end; its exit code is the shell's for that signal."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted in the main thread when one of ``NUMBERS`` comes."""
    kept = {number: signal.signal(number, _interrupt) for number in NUMBERS}
    try:
        yield
    finally:
        _restore(kept)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore them: what stops a line is not stopped half-way."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in NUMBERS}
    try:
        yield
    finally:
        _restore(kept)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(128 + number)


def _restore(kept: "dict[signal.Signals, signal._HANDLER]") -> None:
    for number, handler in kept.items():
        signal.signal(number, handler)
