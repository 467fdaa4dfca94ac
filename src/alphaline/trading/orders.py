"""One approved decision on its way from entry order to flat: a frozen value and its next values."""

from typing import Literal

import msgspec

from alphaline.labels.exit_rule import (
    EXIT_NAMES,
    HORIZON,
    LONG,
    NONE,
    SHORT,
    barrier_prices,
    deadline,
    exit_step,
)
from alphaline.messages import Bar, Fill, OrderEvent, Proposal, Side

Intent = Literal["entry", "exit"]
OrderState = Literal["accepted", "partially_filled", "filled", "cancelled", "refused"]


class Barriers(msgspec.Struct, frozen=True, kw_only=True):
    """The exit rule of an open trade in prices and times, fixed at its first fill."""

    stop: float
    target: float
    deadline: int


class ExitCall(msgspec.Struct, frozen=True, kw_only=True):
    """That a bar ends a trade: why, at which price before costs, and whether at its open."""

    reason: str
    price: float
    is_at_open: bool


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """An approved decision until it is flat.

    Parameters
    ----------
    working
        Units that the entry order may still get; 0 once it is done.
    held
        Units entered and not left.
    is_tried
        Whether a bar came in which the entry could have been filled.
    exit_quantity
        Units of the exit order; 0 before there is one.
    entry_fills, exit_fills
        How many fills each order has had.
    """

    proposal: Proposal
    working: int
    held: int = 0
    is_tried: bool = False
    barriers: Barriers | None = None
    exit_quantity: int = 0
    exit_reason: str | None = None
    entry_fills: int = 0
    exit_fills: int = 0

    @property
    def direction(self) -> int:
        """+1 long, -1 short."""
        return LONG if self.proposal.side == "buy" else SHORT

    @property
    def is_leaving(self) -> bool:
        """Whether its exit order works."""
        return self.exit_quantity > 0 and self.held > 0

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is held or working."""
        return self.held == 0 and self.working == 0

    def side(self, intent: Intent) -> Side:
        """Return the side of its entry or exit order."""
        if intent == "entry":
            return self.proposal.side
        return "sell" if self.proposal.side == "buy" else "buy"

    def exit_call(self, bar: Bar) -> ExitCall | None:
        """Return how ``bar`` ends the trade by its exit rule, None where it goes on."""
        if self.barriers is None or self.held == 0 or self.exit_quantity > 0:
            return None
        limits = self.barriers
        code, price = exit_step(
            self.direction,
            limits.stop,
            limits.target,
            limits.deadline,
            bar.ts_event,
            bar.ts_known,
            bar.open,
            bar.high,
            bar.low,
            bar.close,
        )
        if code == NONE:
            return None
        at_open = bar.ts_event >= limits.deadline if code == HORIZON else price == bar.open
        return ExitCall(reason=EXIT_NAMES[code], price=price, is_at_open=at_open)

    def entered(self, quantity: int, bar: Bar) -> "Trade":
        """Return it after an entry fill; the first one fixes the barriers at the bar's open."""
        return msgspec.structs.replace(
            self,
            working=self.working - quantity,
            held=self.held + quantity,
            entry_fills=self.entry_fills + 1,
            barriers=self.barriers or self._barriers(bar),
        )

    def left(self, quantity: int) -> "Trade":
        """Return it after an exit fill."""
        return msgspec.structs.replace(
            self, held=self.held - quantity, exit_fills=self.exit_fills + 1
        )

    def _barriers(self, bar: Bar) -> Barriers:
        terms = self.proposal.exit
        stop, target = barrier_prices(
            self.direction, bar.open, terms.stop_return, terms.target_return
        )
        return Barriers(
            stop=stop,
            target=target,
            deadline=deadline(bar.ts_event, terms.horizon_ns, terms.flat_at),
        )


def order_event(
    trade: Trade,
    intent: Intent,
    state: OrderState,
    ts_event: int,
    ts_known: int,
    reason: str | None = None,
) -> OrderEvent:
    """Return the event that brings the trade's entry or exit order into ``state``."""
    proposal = trade.proposal
    is_done = state in ("cancelled", "refused", "filled")
    working = trade.working if intent == "entry" else trade.held
    return OrderEvent(
        order_id=f"{proposal.decision_id}.{intent}",
        decision_id=proposal.decision_id,
        portfolio_id=proposal.portfolio_id,
        strategy_id=proposal.strategy_id,
        lane=proposal.lane,
        instrument=proposal.instrument,
        intent=intent,
        side=trade.side(intent),
        quantity=proposal.quantity if intent == "entry" else trade.exit_quantity,
        remaining=0 if is_done else working,
        state=state,
        reason=reason,
        ts_event=ts_event,
        ts_known=ts_known,
        exit=proposal.exit if intent == "entry" and state == "accepted" else None,
    )


def fill_of(trade: Trade, intent: Intent, quantity: int, price: float, fee: int, bar: Bar) -> Fill:
    """Return the fill that brought ``trade`` (its value after the fill) ``quantity`` units in ``bar``."""
    proposal = trade.proposal
    order_id = f"{proposal.decision_id}.{intent}"
    number = trade.entry_fills if intent == "entry" else trade.exit_fills
    return Fill(
        fill_id=f"{order_id}.{number}",
        order_id=order_id,
        decision_id=proposal.decision_id,
        portfolio_id=proposal.portfolio_id,
        strategy_id=proposal.strategy_id,
        lane=proposal.lane,
        instrument=proposal.instrument,
        intent=intent,
        side=trade.side(intent),
        quantity=quantity,
        price=price,
        fee_minor=fee,
        currency=proposal.currency,
        ts_event=bar.ts_event,
        ts_known=bar.ts_known,
    )
