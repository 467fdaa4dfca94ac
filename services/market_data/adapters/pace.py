"""When a replay writes its next minute."""

import time
from collections.abc import Callable

from alphaline.messages import MINUTE_NS

# A longer wait is cut into pieces of this length so that SIGTERM is noticed.
_SLICE_S = 0.2


class Unpaced:
    """As fast as the broker acknowledges."""

    def wait_for(self, ts: int) -> None:
        """Return at once."""


class Paced:
    """``speed`` line seconds per wall second; a jump over a closed span costs one minute of line time."""

    def __init__(self, speed: float, is_stopping: Callable[[], bool]) -> None:
        self._speed = speed
        self._is_stopping = is_stopping
        self._previous: int | None = None
        self._due = time.monotonic()

    def wait_for(self, ts: int) -> None:
        """Return when ``ts`` is due, or the service is stopping."""
        if self._previous is not None:
            elapsed_ns = min(ts - self._previous, MINUTE_NS)
            self._due += elapsed_ns / 1e9 / self._speed
        self._previous = ts
        while not self._is_stopping() and (left := self._due - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_S))
