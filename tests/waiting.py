"""Waiting for a condition of another process."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], within_s: float = 120.0) -> bool:
    """Return whether ``condition`` became true within the time; ask it every 20 ms.

    The time is a bound on a machine that ten others share, not what is expected.
    """
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
