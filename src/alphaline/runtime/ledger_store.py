"""The ledger: postings, read models and the account's snapshot change in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from alphaline.errors import LedgerError
from alphaline.messages import Fill, OrderEvent, PositionChanged, digest
from alphaline.runtime import saved_state
from alphaline.runtime.database import Connection, Place
from alphaline.runtime.fenced_database import FencedDatabase
from alphaline.runtime.ledger_schema import SCHEMA
from alphaline.runtime.saved_state import Offsets, SavedState


class PostedLine(Protocol):
    """One posting of an entry."""

    @property
    def account(self) -> str: ...  # noqa: D102 - the columns of the table `postings`
    @property
    def amount_minor(self) -> int: ...  # noqa: D102
    @property
    def quantity(self) -> int: ...  # noqa: D102


class PostedEvent(Protocol):
    """The event of an entry; ``key`` is (portfolio, strategy, lane, instrument, currency)."""

    @property
    def event_id(self) -> str: ...  # noqa: D102 - the columns of the table `events`
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def key(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def quantity(self) -> int: ...  # noqa: D102
    @property
    def value_minor(self) -> int: ...  # noqa: D102
    @property
    def ts_event(self) -> int: ...  # noqa: D102
    @property
    def ts_known(self) -> int: ...  # noqa: D102


class PostedEntry(Protocol):
    """An event with postings that sum to zero (``alphaline.trading.ledger.Entry``)."""

    @property
    def event(self) -> PostedEvent: ...  # noqa: D102
    @property
    def postings(self) -> Sequence[PostedLine]: ...  # noqa: D102


class EquityPoint(Protocol):
    """Value of one key at a line time (``alphaline.trading.paper.Equity``)."""

    @property
    def key(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def cash_minor(self) -> int: ...  # noqa: D102
    @property
    def market_value_minor(self) -> int: ...  # noqa: D102


class LedgerStore:
    """The writer of a ledger; see `FencedDatabase` for what its writes demand."""

    def __init__(self, place: Place, epoch: int) -> None:
        self._database = FencedDatabase(place, SCHEMA, epoch)

    def commit(
        self,
        line_time: int,
        events: Iterable[OrderEvent | Fill | PositionChanged],
        entries: Iterable[PostedEntry],
        equity: Iterable[tuple[int, EquityPoint]],
        offsets: Offsets,
        snapshot: bytes,
    ) -> None:
        """Write one or several minutes, up to ``line_time``, with the snapshot after them.

        ``equity`` holds points with the line time of each.

        A minute written again changes nothing.

        Raises
        ------
        LedgerError
            If an entry does not balance, or its id stands there with other content; then nothing is
            written.
        """
        with self._database.transaction() as connection:
            for entry in entries:
                _write_entry(connection, entry)
            for event in events:
                _write_event(connection, event)
            connection.executemany(
                _UPSERT_EQUITY,
                [
                    [at, *point.key, point.cash_minor, point.market_value_minor]
                    for at, point in equity
                ],
            )
            saved_state.save(connection, line_time, offsets, snapshot)

    def load_state(self) -> SavedState | None:
        """Return the account's last snapshot with its place in the inputs."""
        return saved_state.load(self._database.connection)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _write_entry(connection: Connection, entry: PostedEntry) -> None:
    total = sum(posting.amount_minor for posting in entry.postings)
    if total != 0:
        raise LedgerError(
            f"ledger event {entry.event.event_id}: expected postings that sum to zero, saw {total} minor "
            "units; nothing was written"
        )
    if _is_recorded(connection, entry):
        return
    event = entry.event
    connection.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [event.event_id, event.kind, *_content_row(event), _content(entry)],
    )
    connection.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?, ?)",
        [
            [event.event_id, line, posting.account, posting.amount_minor, posting.quantity]
            for line, posting in enumerate(entry.postings)
        ],
    )


def _is_recorded(connection: Connection, entry: PostedEntry) -> bool:
    event_id = entry.event.event_id
    row = connection.execute("SELECT content FROM events WHERE event_id = ?", [event_id]).fetchone()
    if row is None:
        return False
    if row[0] != _content(entry):
        raise LedgerError(
            f"ledger event {event_id}: expected the content that stands there, saw another; ids are "
            "unique, so one of the two writers is wrong; nothing was written"
        )
    return True


def _content_row(event: PostedEvent) -> list[Any]:
    return [*event.key, event.quantity, event.value_minor, event.ts_event, event.ts_known]


def _content(entry: PostedEntry) -> str:
    lines = [[line.account, line.amount_minor, line.quantity] for line in entry.postings]
    return digest(msgspec.json.encode([entry.event.kind, _content_row(entry.event), lines]))


def _write_event(connection: Connection, event: OrderEvent | Fill | PositionChanged) -> None:
    match event:
        case Fill():
            connection.execute(
                "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (fill_id) DO NOTHING",
                _fill_row(event),
            )
        case OrderEvent() if event.reason != "DUPLICATE_ID_CONFLICT":
            connection.execute(_UPSERT_ORDER, _order_row(event))
        case PositionChanged():
            connection.execute(_UPSERT_POSITION, _position_row(event))


# The first event of an order says when it was accepted; later ones change only what moves.
_UPSERT_ORDER = """
INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (order_id) DO UPDATE SET
    remaining = excluded.remaining, state = excluded.state, reason = excluded.reason,
    ts_known = excluded.ts_known
"""


_UPSERT_POSITION = """
INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (portfolio_id, strategy_id, lane, instrument, currency) DO UPDATE SET
    quantity = excluded.quantity, cost_minor = excluded.cost_minor,
    realised_minor = excluded.realised_minor, fees_minor = excluded.fees_minor,
    ts_known = excluded.ts_known
"""

_UPSERT_EQUITY = """
INSERT INTO equity VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (line_time, portfolio_id, strategy_id, lane, instrument, currency) DO UPDATE SET
    cash_minor = excluded.cash_minor, market_value_minor = excluded.market_value_minor
"""


def _order_row(event: OrderEvent) -> list[Any]:
    return [
        event.order_id,
        event.decision_id,
        event.portfolio_id,
        event.strategy_id,
        event.lane,
        event.instrument,
        event.intent,
        event.side,
        event.quantity,
        event.remaining,
        event.state,
        event.reason,
        event.ts_event,
        event.ts_known,
    ]


def _fill_row(fill: Fill) -> list[Any]:
    return [
        fill.fill_id,
        fill.order_id,
        fill.decision_id,
        fill.portfolio_id,
        fill.strategy_id,
        fill.lane,
        fill.instrument,
        fill.currency,
        fill.intent,
        fill.side,
        fill.quantity,
        fill.price,
        fill.fee_minor,
        fill.ts_event,
        fill.ts_known,
    ]


def _position_row(event: PositionChanged) -> list[Any]:
    return [
        event.portfolio_id,
        event.strategy_id,
        event.lane,
        event.instrument,
        event.currency,
        event.quantity,
        event.cost_minor,
        event.realised_minor,
        event.fees_minor,
        event.ts_known,
    ]
