"""What an event does to the accounts of its key: the rules of double entry, and balances as their sums.

Amounts are integer minor units; a debit is positive. Positions are carried at average cost. A split moves
units and no money. What is paid instead of a fraction of a unit is profit in full: the cost stays with
the whole units, and leaves with the last of them.
"""

from typing import Literal, NamedTuple, get_args

import msgspec

from alphaline.errors import LedgerError

EventKind = Literal[
    "fill",
    "fee",
    "borrow",
    "dividend",
    "split",
    "cash_in_lieu",
    "currency",
    "adjustment",
]
Account = Literal["cash", "position_cost", "realised_pnl", "fees", "borrow_fees", "dividends"]
ACCOUNTS: tuple[Account, ...] = get_args(Account)


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
        Units, signed. Of a fill or a split those that came in (positive) or went; of a dividend or a
        borrow fee those that it is on, of cash in lieu the side of the fraction: they do not move.
        0 for a fee.
    value_minor
        Money, never negative: value of the units traded, fee, dividend or cash in lieu; 0 for a
        split. A long position gets dividends and cash in lieu, a short one pays them.
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
        Fees of trading paid.
    cash_minor
        Cash received less cash paid, all fees and dividends included.
    borrow_minor
        Fees for borrowing paid.
    dividends_minor
        Dividends received less those paid on short positions.
    """

    quantity: int = 0
    cost_minor: int = 0
    realised_minor: int = 0
    fees_minor: int = 0
    cash_minor: int = 0
    borrow_minor: int = 0
    dividends_minor: int = 0

    def after(self, postings: tuple[Posting, ...]) -> "Balance":
        """Return the balance once ``postings`` are added."""
        sums: dict[Account, int] = dict.fromkeys(ACCOUNTS, 0)
        for posting in postings:
            sums[posting.account] += posting.amount_minor
        return Balance(
            quantity=self.quantity + sum(posting.quantity for posting in postings),
            cost_minor=self.cost_minor + sums["position_cost"],
            realised_minor=self.realised_minor - sums["realised_pnl"],
            fees_minor=self.fees_minor + sums["fees"],
            cash_minor=self.cash_minor + sums["cash"],
            borrow_minor=self.borrow_minor + sums["borrow_fees"],
            dividends_minor=self.dividends_minor - sums["dividends"],
        )


FLAT = Balance()


def postings_of(event: LedgerEvent, before: Balance) -> tuple[Posting, ...]:
    """Return the postings of ``event`` where ``before`` stood on its key; they sum to zero.

    Raises
    ------
    LedgerError
        If the kind has no postings yet, or the event makes no sense (no units, negative value).
    """
    if event.value_minor < 0:
        raise LedgerError(
            f"ledger event {event.event_id}: expected a value of zero or more minor units, saw "
            f"{event.value_minor}; the sign belongs to the quantity"
        )
    match event.kind:
        case "fill":
            return _fill_postings(event, before)
        case "fee":
            return _paid_postings(event, "fees")
        case "borrow":
            return _paid_postings(event, "borrow_fees")
        case "dividend":
            return _dividend_postings(event)
        case "split":
            return _split_postings(event)
        case "cash_in_lieu":
            return _in_lieu_postings(event, before)
    raise LedgerError(
        f"ledger event {event.event_id}: events of kind {event.kind!r} have no postings yet; recorded "
        "kinds are fill, fee, borrow, dividend, split and cash_in_lieu"
    )


def _paid_postings(event: LedgerEvent, account: Account) -> tuple[Posting, ...]:
    return (
        Posting(account=account, amount_minor=event.value_minor),
        Posting(account="cash", amount_minor=-event.value_minor),
    )


def _dividend_postings(event: LedgerEvent) -> tuple[Posting, ...]:
    _require_units(event, "on some units")
    received = _signed(event)
    return (
        Posting(account="cash", amount_minor=received),
        Posting(account="dividends", amount_minor=-received),
    )


def _split_postings(event: LedgerEvent) -> tuple[Posting, ...]:
    _require_units(event, "of some units")
    if event.value_minor != 0:
        raise LedgerError(
            f"ledger event {event.event_id}: expected a split without money, saw {event.value_minor} minor "
            "units; what is paid instead of a fraction is an event of its own"
        )
    return (Posting(account="position_cost", amount_minor=0, quantity=event.quantity),)


def _in_lieu_postings(event: LedgerEvent, before: Balance) -> tuple[Posting, ...]:
    _require_units(event, "on a side, 1 or -1")
    received = _signed(event)
    cost_out = before.cost_minor if before.quantity == 0 else 0
    profit = Posting(account="realised_pnl", amount_minor=cost_out - received)
    cash = Posting(account="cash", amount_minor=received)
    if cost_out == 0:
        return cash, profit
    return cash, Posting(account="position_cost", amount_minor=-cost_out), profit


def _fill_postings(event: LedgerEvent, before: Balance) -> tuple[Posting, ...]:
    _require_units(event, "of some units")
    value = _signed(event)
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


def _signed(event: LedgerEvent) -> int:
    return event.value_minor if event.quantity > 0 else -event.value_minor


def _require_units(event: LedgerEvent, what: str) -> None:
    if event.quantity == 0:
        raise LedgerError(f"ledger event {event.event_id}: expected a {event.kind} {what}, saw 0")
