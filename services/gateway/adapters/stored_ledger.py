"""The ledger's database, opened for each request: read-only, never in its writer's way."""

from contextlib import closing

from alphaline.runtime.database import Place
from alphaline.runtime.ledger_reader import LedgerReader
from services.gateway.ports import Rows


class StoredLedger:
    """The port ``Ledger`` over the database of the paper trading service."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def positions(self) -> Rows:
        """Return every position, flat ones included."""
        with closing(LedgerReader(self._place)) as reader:
            return reader.positions()

    def orders(self, limit: int) -> Rows:
        """Return the last ``limit`` orders, newest first."""
        with closing(LedgerReader(self._place)) as reader:
            return reader.orders(limit)

    def equity(self, after_line_time: int, limit: int) -> Rows:
        """Return up to ``limit`` values by line time, after ``after_line_time``."""
        with closing(LedgerReader(self._place)) as reader:
            return reader.equity(after_line_time, limit)

    def of_decision(self, decision_id: str) -> dict[str, Rows]:
        """Return ``orders`` and ``fills`` of one decision."""
        with closing(LedgerReader(self._place)) as reader:
            return reader.of_decision(decision_id)

    def line_time(self) -> int:
        """Return the line time up to which the ledger has been written."""
        with closing(LedgerReader(self._place)) as reader:
            return reader.line_time()
