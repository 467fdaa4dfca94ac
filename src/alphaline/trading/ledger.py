"""The double-entry ledger: every event balances to zero, and positions are a fold of its entries.

Amounts are integer minor units; a debit is positive. Positions are carried at average cost.
"""

from typing import Any

import msgspec

from alphaline.errors import LedgerError
from alphaline.market.instruments import Instrument
from alphaline.messages import Fill, digest
from alphaline.trading.money import value_minor
from alphaline.trading.postings import (
    FLAT,
    Balance,
    LedgerEvent,
    LedgerKey,
    Posting,
    postings_of,
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its postings, which sum to zero."""

    event: LedgerEvent
    postings: tuple[Posting, ...]


class Book:
    """Balances by key: the fold of a ledger's entries, without its history."""

    def __init__(self) -> None:
        self.balances: dict[LedgerKey, Balance] = {}

    def balance(self, key: LedgerKey) -> Balance:
        """Return the balance of ``key``; all zero where nothing was posted."""
        return self.balances.get(key, FLAT)

    def post(self, event: LedgerEvent) -> Entry:
        """Return the entry of a new ``event`` and add it.

        Raises
        ------
        LedgerError
            If the kind has no postings yet, or the event makes no sense (no units, negative value).
        """
        entry = Entry(event=event, postings=postings_of(event, self.balance(event.key)))
        self.add(entry)
        return entry

    def add(self, entry: Entry) -> None:
        """Add a recorded entry.

        Raises
        ------
        LedgerError
            If its postings do not sum to zero.
        """
        total = sum(posting.amount_minor for posting in entry.postings)
        if total != 0:
            raise LedgerError(
                f"ledger event {entry.event.event_id}: expected postings that sum to zero, saw {total} "
                "minor units; the entry was changed after it was posted"
            )
        key = entry.event.key
        self.balances[key] = self.balance(key).after(entry.postings)

    def snapshot(self) -> list[Any]:
        """Return the balances as a value that msgspec writes as JSON."""
        return [[list(key), msgspec.to_builtins(balance)] for key, balance in self.balances.items()]

    @classmethod
    def restore(cls, snapshot: list[Any]) -> "Book":
        """Return the book that ``snapshot`` was taken of."""
        book = cls()
        for key, balance in snapshot:
            book.balances[LedgerKey(*key)] = msgspec.convert(balance, Balance)
        return book


class Ledger:
    """A book that remembers which events it holds; append-only."""

    def __init__(self) -> None:
        self.book = Book()
        self.entries: list[Entry] = []
        self._contents: dict[str, str] = {}

    def record(self, event: LedgerEvent) -> Entry | None:
        """Record ``event`` and return its entry, None where it stands there already.

        Raises
        ------
        LedgerError
            If its id stands there with other content.
        """
        content = digest(msgspec.json.encode(event))
        known = self._contents.get(event.event_id)
        if known == content:
            return None
        if known is not None:
            raise LedgerError(
                f"ledger event {event.event_id} of {event.key.instrument}: expected the content that "
                "stands there, saw another; ids are unique, so one of the two writers is wrong"
            )
        entry = self.book.post(event)
        self._contents[event.event_id] = content
        self.entries.append(entry)
        return entry


def events_of_fill(fill: Fill, instrument: Instrument) -> tuple[LedgerEvent, ...]:
    """Return the ledger events of ``fill``: the trade and, where there is one, its fee."""
    key = LedgerKey(fill.portfolio_id, fill.strategy_id, fill.lane, fill.instrument, fill.currency)
    trade = LedgerEvent(
        event_id=fill.fill_id,
        kind="fill",
        key=key,
        quantity=fill.quantity if fill.side == "buy" else -fill.quantity,
        value_minor=value_minor(fill.price, fill.quantity, instrument),
        ts_event=fill.ts_event,
        ts_known=fill.ts_known,
    )
    if fill.fee_minor == 0:
        return (trade,)
    fee = LedgerEvent(
        event_id=f"{fill.fill_id}.fee",
        kind="fee",
        key=key,
        quantity=0,
        value_minor=fill.fee_minor,
        ts_event=fill.ts_event,
        ts_known=fill.ts_known,
    )
    return (trade, fee)
