"""Where an experiment tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Where an experiment tells how far it is."""

    def done(self, line: str) -> None:
        """Tell of a step that is done."""

    def going(self, line: str) -> None:
        """Tell where the present step stands."""


class Quiet:
    """Tells nobody."""

    def done(self, line: str) -> None:
        """Do nothing."""

    def going(self, line: str) -> None:
        """Do nothing."""
