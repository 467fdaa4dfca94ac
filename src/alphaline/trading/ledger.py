"""The double-entry ledger: every event balances to zero, and positions are a fold of its entries.

Amounts are integer minor units; a debit is positive. Positions are carried at average cost.
"""

from typing import Any, Literal, NamedTuple

import msgspec

from alphaline.errors import LedgerError
from alphaline.market.instruments import Instrument
from alphaline.messages import Fill, digest
from alphaline.trading.money import value_minor

EventKind = Literal["fill", "fee", "borrow", "dividend", "split", "currency", "adjustment"]
Account = Literal["cash", "position_cost", "realised_pnl", "fees"]


class LedgerKey(NamedTuple):
    """What balances are kept by."""

    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    currency: str


class LedgerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that moves money or units.

    Parameters
    ----------
    event_id
        Unique; the same id again must have the same content.
    quantity
        Units, signed: positive came in. 0 for events without units.
    value_minor
        Money, positive: value of the units traded, or the fee.
    """

    event_id: str
    kind: EventKind
    key: LedgerKey
    quantity: int
    value_minor: int
    ts_event: int
    ts_known: int


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an entry: a debit (positive) or credit of an account, with the units it moves."""

    account: Account
    amount_minor: int
    quantity: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its postings, which sum to zero."""

    event: LedgerEvent
    postings: tuple[Posting, ...]


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the entries of one key.

    Parameters
    ----------
    quantity
        Units held, signed.
    cost_minor
        Signed cost of the units held, at average cost.
    realised_minor
        Profit of what was closed, before fees.
    fees_minor
        Fees paid.
    cash_minor
        Cash received less cash paid, fees included.
    """

    quantity: int = 0
    cost_minor: int = 0
    realised_minor: int = 0
    fees_minor: int = 0
    cash_minor: int = 0

    def after(self, postings: tuple[Posting, ...]) -> "Balance":
        """Return the balance once ``postings`` are added."""
        sums = dict.fromkeys(("cash", "position_cost", "realised_pnl", "fees"), 0)
        for posting in postings:
            sums[posting.account] += posting.amount_minor
        return Balance(
            quantity=self.quantity + sum(posting.quantity for posting in postings),
            cost_minor=self.cost_minor + sums["position_cost"],
            realised_minor=self.realised_minor - sums["realised_pnl"],
            fees_minor=self.fees_minor + sums["fees"],
            cash_minor=self.cash_minor + sums["cash"],
        )


FLAT = Balance()


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
        entry = Entry(event=event, postings=_postings(event, self.balance(event.key)))
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


def _postings(event: LedgerEvent, before: Balance) -> tuple[Posting, ...]:
    if event.value_minor < 0:
        raise LedgerError(
            f"ledger event {event.event_id}: expected a value of zero or more minor units, saw "
            f"{event.value_minor}; the sign belongs to the quantity"
        )
    match event.kind:
        case "fill":
            return _fill_postings(event, before)
        case "fee":
            return _fee_postings(event)
    raise LedgerError(
        f"ledger event {event.event_id}: events of kind {event.kind!r} have no postings yet; recorded "
        "kinds are fill and fee"
    )


def _fee_postings(event: LedgerEvent) -> tuple[Posting, ...]:
    return (
        Posting(account="fees", amount_minor=event.value_minor),
        Posting(account="cash", amount_minor=-event.value_minor),
    )


def _fill_postings(event: LedgerEvent, before: Balance) -> tuple[Posting, ...]:
    if event.quantity == 0:
        raise LedgerError(f"ledger event {event.event_id}: expected a fill of some units, saw 0")
    value = event.value_minor if event.quantity > 0 else -event.value_minor
    closed = _closed_units(before.quantity, event.quantity)
    cost_out = _share(before.cost_minor, closed, abs(before.quantity))
    value_closed = _share(value, closed, abs(event.quantity))
    cost = Posting(
        account="position_cost",
        amount_minor=value - value_closed - cost_out,
        quantity=event.quantity,
    )
    cash = Posting(account="cash", amount_minor=-value)
    if closed == 0:
        return cost, cash
    return cost, cash, Posting(account="realised_pnl", amount_minor=value_closed + cost_out)


def _closed_units(held: int, traded: int) -> int:
    return min(abs(held), abs(traded)) if held * traded < 0 else 0


def _share(total: int, part: int, whole: int) -> int:
    # To the nearest minor unit, away from zero at a half; a full share is the total exactly.
    if part == 0:
        return 0
    share = (2 * abs(total) * part + whole) // (2 * whole)
    return share if total >= 0 else -share
