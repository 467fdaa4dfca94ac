"""Orders, fills and positions of the paper account. Money is integer minor units of ``currency``."""

from typing import Literal

from alphaline.messages.market import Message
from alphaline.messages.signals import ExitTerms, Lane, Side


class OrderEvent(Message, frozen=True, tag="order"):
    """A change of one order's state.

    Parameters
    ----------
    order_id
        ``<decision id>.entry`` or ``<decision id>.exit``.
    quantity, remaining
        Units ordered; units still working after this event.
    state
        ``accepted``, ``partially_filled``, ``filled``, ``cancelled`` or ``refused``.
    reason
        Why it was cancelled or refused, or which barrier an exit answers; stable code.
    """

    order_id: str
    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: Lane
    instrument: str
    intent: Literal["entry", "exit"]
    side: Side
    quantity: int
    remaining: int
    state: Literal["accepted", "partially_filled", "filled", "cancelled", "refused"]
    reason: str | None
    ts_event: int
    ts_known: int
    exit: ExitTerms | None = None


class Fill(Message, frozen=True, tag="fill"):
    """A trade of the paper account.

    ``ts_event`` is the start, ``ts_known`` the end of the bar it happened in; ``price`` lies on the
    instrument's tick; ``fee_minor`` is in minor units of ``currency``.
    """

    fill_id: str
    order_id: str
    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: Lane
    instrument: str
    intent: Literal["entry", "exit"]
    side: Side
    quantity: int
    price: float
    fee_minor: int
    currency: str
    ts_event: int
    ts_known: int


class PositionChanged(Message, frozen=True, tag="position"):
    """The position of one key after a fill.

    ``quantity`` is signed; ``cost_minor`` is the signed cost of the open quantity; ``realised_minor``
    is the profit of what was closed since the log began, before fees.
    """

    portfolio_id: str
    strategy_id: str
    lane: Lane
    instrument: str
    quantity: int
    cost_minor: int
    realised_minor: int
    fees_minor: int
    currency: str
    ts_known: int
