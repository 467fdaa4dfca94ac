"""The ledger's database; while its server does not answer, the account stands still and says so."""

from collections.abc import Callable, Iterable, Mapping

import structlog

from alphaline.runtime.database import Place
from alphaline.runtime.ledger_audit import audit_at
from alphaline.runtime.ledger_store import LedgerStore
from alphaline.runtime.messaging import TopicPartitionKey
from alphaline.runtime.patience import AwaitedStore
from alphaline.runtime.saved_state import SavedState
from alphaline.trading.ledger import Entry
from alphaline.trading.paper import Equity, Event


class AwaitedLedger:
    """The ports ``LedgerWriter`` and ``audit`` over a file or a server.

    A minute whose confirmation was lost is written again, which changes nothing if it is there.

    Parameters
    ----------
    place, epoch
        As `LedgerStore` takes them.
    is_stopping
        Ends the waiting: everything here then raises StoppedError.
    """

    def __init__(self, place: Place, epoch: int, is_stopping: Callable[[], bool]) -> None:
        self._place = place
        self._log = structlog.get_logger().bind(database=str(place))
        self._awaited = AwaitedStore(is_stopping, self._tell)
        self._store = self._awaited.answer(lambda: LedgerStore(place, epoch))

    @property
    def is_available(self) -> bool:
        """Whether the database answered when it was last asked."""
        return self._awaited.is_available

    def load_state(self) -> SavedState | None:
        """Return the account's last snapshot with its place in the inputs."""
        return self._awaited.answer(self._store.load_state)

    def commit(
        self,
        line_time: int,
        events: Iterable[Event],
        entries: Iterable[Entry],
        equity: Iterable[tuple[int, Equity]],
        offsets: Mapping[TopicPartitionKey, int],
        snapshot: bytes,
    ) -> None:
        """Write one or several minutes; see `LedgerStore`."""
        kept = tuple(events), tuple(entries), tuple(equity)
        self._awaited.answer(lambda: self._store.commit(line_time, *kept, offsets, snapshot))

    def audit(self) -> list[str]:
        """Return what contradicts itself in the ledger, a sentence each."""
        return self._awaited.answer(lambda: audit_at(self._place))

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def _tell(self, answers: bool, detail: str) -> None:
        if answers:
            self._log.info("ledger_database_answers")
        else:
            self._log.error("ledger_database_does_not_answer", detail=detail)
