"""Waits for what a cluster does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

from alphaline.errors import LineError

POLL_S = 0.5

T = TypeVar("T")


def until(look: Callable[[], T | None], timeout_s: float, what: str, poll_s: float = POLL_S) -> T:
    """Return the first true answer of ``look``; LineError where none came in time."""
    end = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > end:
            raise LineError(f"expected {what} within {timeout_s:.0f} s, saw it not")
        time.sleep(poll_s)
    return found
