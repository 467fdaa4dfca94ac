"""What the market data service needs from outside."""

from collections.abc import Sequence
from typing import Protocol

from alphaline.messages import Bar, Observation


class Recording(Protocol):
    """Recorded market data."""

    def bars(self) -> Sequence[Bar]:
        """Return the recorded bars, checked."""

    def observations(self) -> Sequence[Observation]:
        """Return the published values that the recording goes with."""


class ClockLog(Protocol):
    """What the topics say of the clock."""

    def last_clock(self) -> int:
        """Return the lowest last clock record over all partitions of ``market.*``; 0 in a new log."""


class Pace(Protocol):
    """How fast a replay writes; the bytes do not depend on it."""

    def wait_for(self, ts: int) -> None:
        """Return when the clock record ``ts`` is due."""
