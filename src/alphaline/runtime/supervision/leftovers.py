"""Processes of a line whose supervisor is gone."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from alphaline.runtime.supervision.parts import MARK

# They were told to end when their supervisor died; a sink needs a second, so this is generous.
END_TIMEOUT_S = 20.0
POLL_S = 0.05


def processes_of(root: Path) -> list[psutil.Process]:
    """Return the processes of this user that belong to the line under ``root``."""
    return [process for process in psutil.process_iter() if _mark(process) == str(root)]


def end_leftovers(root: Path, timeout_s: float = END_TIMEOUT_S) -> list[int]:
    """End what is left of the line under ``root`` and return the process ids."""
    left = processes_of(root)
    for process in left:
        _signal(process.terminate)
    for process in wait_for_end(left, timeout_s):
        _signal(process.kill)
    wait_for_end(left, timeout_s)
    return [process.pid for process in left]


def wait_for_end(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Return those that still run after ``timeout_s``."""
    until = time.monotonic() + timeout_s
    running = list(processes)
    while (running := [process for process in running if not is_over(process)]) and (
        time.monotonic() < until
    ):
        time.sleep(POLL_S)
    return running


def is_over(process: psutil.Process) -> bool:
    """Return whether it runs no more; its parent may never hear of it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):  # another user's, or one that has just ended
        return None


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
