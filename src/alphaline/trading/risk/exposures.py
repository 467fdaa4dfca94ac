"""What open decisions can still amount to, kept as sums so that a judgement costs the same always."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import msgspec

from alphaline.messages import Fill, OrderEvent, Proposal

Key = TypeVar("Key", bound=Hashable)
PositionKey = tuple[str, str, str, str]


class CommittedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """One approved decision until it is flat.

    Parameters
    ----------
    side
        +1 long, -1 short.
    quantity
        Units approved.
    filled, exited
        Units entered and left again so far.
    entry_fills, exit_fills
        Number of the last fill seen of each order; a fill with a lower or equal number is a repeat.
    filled_by_fills, exited_by_fills
        Units entered and left again, counted by fills alone.
    is_entry_done
        Whether the entry can fill no more.
    reserved_until
        Line time after which the approval lapses; None once its order was seen.
    """

    decision_id: str
    portfolio_id: str
    strategy_id: str
    lane: str
    instrument: str
    side: int
    quantity: int
    filled: int = 0
    exited: int = 0
    entry_fills: int = 0
    exit_fills: int = 0
    filled_by_fills: int = 0
    exited_by_fills: int = 0
    is_entry_done: bool = False
    reserved_until: int | None = None

    @classmethod
    def reserved(cls, proposal: Proposal) -> "CommittedDecision":
        """Return the reservation of an approved proposal."""
        return cls(
            decision_id=proposal.decision_id,
            portfolio_id=proposal.portfolio_id,
            strategy_id=proposal.strategy_id,
            lane=proposal.lane,
            instrument=proposal.instrument,
            side=1 if proposal.side == "buy" else -1,
            quantity=proposal.quantity,
            reserved_until=proposal.valid_until,
        )

    @classmethod
    def adopted(cls, event: OrderEvent) -> "CommittedDecision":
        """Return the decision behind the entry order of an approval that was never seen."""
        return cls(
            decision_id=event.decision_id,
            portfolio_id=event.portfolio_id,
            strategy_id=event.strategy_id,
            lane=event.lane,
            instrument=event.instrument,
            side=1 if event.side == "buy" else -1,
            quantity=event.quantity,
        )

    @property
    def key(self) -> PositionKey:
        """What a position belongs to."""
        return self.portfolio_id, self.strategy_id, self.lane, self.instrument

    @property
    def committed(self) -> int:
        """Units that it holds or may still come to hold."""
        return (self.filled if self.is_entry_done else self.quantity) - self.exited

    @property
    def is_flat(self) -> bool:
        """Whether nothing of it is held, working or to come."""
        return self.is_entry_done and self.committed <= 0

    def with_order(self, event: OrderEvent) -> "CommittedDecision":
        """Return it after a change of its entry or exit order."""
        done = event.quantity - event.remaining
        has_filled = event.state in ("partially_filled", "filled")
        if event.intent == "exit":
            exited = max(self.exited, done) if has_filled else self.exited
            return msgspec.structs.replace(self, exited=exited)
        return msgspec.structs.replace(
            self,
            filled=max(self.filled, done) if has_filled else self.filled,
            is_entry_done=self.is_entry_done or event.state in ("filled", "cancelled", "refused"),
            reserved_until=None,
        )

    def with_fill(self, fill: Fill) -> "CommittedDecision":
        """Return it after a fill; the same fill again changes nothing."""
        number = int(fill.fill_id.rpartition(".")[2])
        if fill.intent == "exit":
            if number <= self.exit_fills:
                return self
            exited = self.exited_by_fills + fill.quantity
            return msgspec.structs.replace(
                self,
                exit_fills=number,
                exited_by_fills=exited,
                exited=max(self.exited, exited),
            )
        if number <= self.entry_fills:
            return self
        filled = self.filled_by_fills + fill.quantity
        return msgspec.structs.replace(
            self,
            entry_fills=number,
            filled_by_fills=filled,
            filled=max(self.filled, filled),
            reserved_until=None,
        )


class Exposures:
    """Open decisions with their sums by position key and by lane."""

    def __init__(self) -> None:
        self.open: dict[str, CommittedDecision] = {}
        self.unit_minor: dict[str, int] = {}
        self.gross_minor: dict[tuple[str, str], int] = {}
        self._sides: dict[tuple[PositionKey, int], int] = {}
        self._units: dict[str, dict[tuple[str, str], int]] = {}
        self._reserved: dict[str, int] = {}

    def add(self, decision: CommittedDecision) -> None:
        """Count a decision that is not counted yet."""
        self.open[decision.decision_id] = decision
        if decision.reserved_until is not None:
            self._reserved[decision.decision_id] = decision.reserved_until
        self._count(decision, decision.committed)

    def change(
        self, decision_id: str, step: Callable[[CommittedDecision], CommittedDecision]
    ) -> None:
        """Replace a counted decision by what ``step`` makes of it."""
        before = self.open[decision_id]
        after = step(before)
        self.open[decision_id] = after
        if after.reserved_until is None:
            self._reserved.pop(decision_id, None)
        self._count(after, after.committed - before.committed)

    def remove(self, decision_id: str) -> None:
        """Count a decision no more."""
        decision = self.open.pop(decision_id)
        self._reserved.pop(decision_id, None)
        self._count(decision, -decision.committed)

    def lapse(self, line_time: int) -> None:
        """Remove the reservations that ended before ``line_time``; O(reservations)."""
        for decision_id in [name for name, until in self._reserved.items() if until < line_time]:
            self.remove(decision_id)

    def value_at(self, instrument: str, unit_minor: int) -> None:
        """Value every unit of ``instrument`` at ``unit_minor``."""
        change = unit_minor - self.unit_minor.get(instrument, 0)
        self.unit_minor[instrument] = unit_minor
        for lane, units in self._units.get(instrument, {}).items():
            _add(self.gross_minor, lane, units * change)

    def committed(self, proposal: Proposal) -> int:
        """Return the units committed on the proposal's side of its position key."""
        key = (
            proposal.portfolio_id,
            proposal.strategy_id,
            proposal.lane,
            proposal.instrument,
        )
        return self._sides.get((key, 1 if proposal.side == "buy" else -1), 0)

    def position(self, key: PositionKey) -> int:
        """Return the signed units that ``key`` holds."""
        mine = (item for item in self.open.values() if item.key == key)
        return sum(item.side * (item.filled - item.exited) for item in mine)

    def _count(self, decision: CommittedDecision, units: int) -> None:
        side = (decision.key, decision.side)
        _add(self._sides, side, units)
        lane = (decision.portfolio_id, decision.lane)
        _add(self._units.setdefault(decision.instrument, {}), lane, units)
        value = units * self.unit_minor.get(decision.instrument, 0)
        _add(self.gross_minor, lane, value)


def _add(sums: dict[Key, int], key: Key, amount: int) -> None:
    total = sums.get(key, 0) + amount
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
