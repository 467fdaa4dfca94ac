"""What the gateway needs from outside."""

from typing import Any, NamedTuple, Protocol

Rows = list[dict[str, Any]]


class KillSwitch(NamedTuple):
    """What risk says of its kill switch."""

    engaged: bool
    by: str
    reason: str


class Ledger(Protocol):
    """The paper account's ledger; LineError while its writer has not made it, or it does not answer."""

    def positions(self) -> Rows:
        """Return every position, flat ones included."""

    def orders(self, limit: int) -> Rows:
        """Return the last ``limit`` orders, newest first."""

    def equity(self, after_line_time: int, limit: int) -> Rows:
        """Return up to ``limit`` values by line time, after ``after_line_time``."""

    def of_decision(self, decision_id: str) -> dict[str, Rows]:
        """Return ``orders`` and ``fills`` of one decision."""

    def line_time(self) -> int:
        """Return the line time up to which the ledger has been written."""


class RiskView(Protocol):
    """What risk tells people."""

    def kill_switch(self) -> KillSwitch | None:
        """Return the state of the kill switch, None where risk does not answer."""
