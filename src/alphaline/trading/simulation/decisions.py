"""What a strategy decided, as columns in the order in which risk judges it."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from alphaline.errors import ContractError
from alphaline.market.sessions import SessionTable
from alphaline.trading.money import LARGEST
from alphaline.trading.simulation.columns import DecisionColumns, Floats, Ints
from alphaline.trading.simulation.records import CLOSE, ENTER_LONG, ENTER_SHORT, NEVER

_FLOATS = ("reference_price", "stop_return", "target_return")


@dataclass(frozen=True, eq=False, slots=True)
class Decisions:
    """Decisions in order of judgement; every array has the shape (m,). Build them with `of`.

    Parameters
    ----------
    known_at
        When the decision was taken, UTC nanoseconds: all that it rests on was known by then. The
        entry, or the exit of a decision to close, is at the open of the first bar that starts at or
        after it plus the latency. Ascending.
    judged_at
        When risk judges it: against all that ended before. Ascending.
    row
        Row of the instrument in the market.
    action
        ``ENTER_LONG``, ``ENTER_SHORT`` or ``CLOSE``. A close ends all trades of the instrument that
        were decided before, is never refused, and cancels entries that still work.
    quantity
        Units; 0: as many whole lots as ``notional_minor`` buys at the reference price.
    notional_minor
        Target value in minor units, read where ``quantity`` is 0.
    reference_price
        Close of the decided bar, raw.
    stop_return, target_return
        Distances of the barriers from the open of the entry bar, positive fractions; infinite: none.
    horizon_ns, flat_at
        Vertical barrier: counted from the start of the entry bar, and at the latest. ``NEVER``: none.
    entry_until
        When an entry that is not filled ends.
    valid_until
        The first bar in which the entry could be filled starts at or before it, else it is refused.

    Raises
    ------
    ContractError
        If the columns differ in length or a row breaks what is said above; it names the row.
    """

    known_at: Ints
    judged_at: Ints
    row: Ints
    action: Ints
    quantity: Ints
    notional_minor: Ints
    reference_price: Floats
    stop_return: Floats
    target_return: Floats
    horizon_ns: Ints
    flat_at: Ints
    entry_until: Ints
    valid_until: Ints

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise ContractError(f"decisions: expected columns of one length, saw {lengths}")
        for rule, holds in self._rules().items():
            broken = np.flatnonzero(~holds)
            if broken.size:
                raise ContractError(self._told(int(broken[0]), rule))

    def __len__(self) -> int:
        return len(self.known_at)

    @classmethod
    def of(
        cls,
        known_at: Any,
        row: Any,
        action: Any,
        reference_price: Any,
        *,
        quantity: Any = 0,
        notional_minor: Any = 0,
        judged_at: Any = None,
        stop_return: Any = np.inf,
        target_return: Any = np.inf,
        horizon_ns: Any = NEVER,
        flat_at: Any = NEVER,
        entry_until: Any = None,
        valid_until: Any = NEVER,
    ) -> Self:
        """Return decisions from arrays and scalars, which are broadcast to ``known_at``.

        ``judged_at`` defaults to ``known_at``, ``entry_until`` to ``flat_at``.
        """
        given = {
            "known_at": known_at,
            "judged_at": known_at if judged_at is None else judged_at,
            "row": row,
            "action": action,
            "quantity": quantity,
            "notional_minor": notional_minor,
            "reference_price": reference_price,
            "stop_return": stop_return,
            "target_return": target_return,
            "horizon_ns": horizon_ns,
            "flat_at": flat_at,
            "entry_until": flat_at if entry_until is None else entry_until,
            "valid_until": valid_until,
        }
        shape = np.shape(known_at)
        columns = {
            name: np.array(np.broadcast_to(column, shape), float if name in _FLOATS else np.int64)
            for name, column in given.items()
        }
        return cls(**columns)

    def columns(self) -> DecisionColumns:
        """Return copies as the compiled loop takes them, which rescales them at splits."""
        return DecisionColumns(*(getattr(self, name).copy() for name in DecisionColumns._fields))

    def _rules(self) -> dict[str, Any]:
        enters = self.action != CLOSE
        is_priced = np.isfinite(self.reference_price) & (self.reference_price > 0)
        barriers = (self.stop_return > 0) & (self.target_return > 0)
        ends = np.minimum(self.horizon_ns, self.flat_at) > 0
        return {
            "known_at in ascending order": np.diff(self.known_at, prepend=self.known_at[:1]) >= 0,
            "judged_at in ascending order": np.diff(self.judged_at, prepend=self.judged_at[:1])
            >= 0,
            "judged_at at or after known_at": self.judged_at >= self.known_at,
            "an action of ENTER_LONG, ENTER_SHORT or CLOSE": np.isin(
                self.action, (ENTER_LONG, ENTER_SHORT, CLOSE)
            ),
            "a quantity and a notional from 0 to 2^61": (
                (np.minimum(self.quantity, self.notional_minor) >= 0)
                & (np.maximum(self.quantity, self.notional_minor) < LARGEST)
            ),
            "a finite reference price above zero": is_priced | ~enters,
            "stop_return and target_return above zero, or infinite": barriers | ~enters,
            "horizon_ns and flat_at above zero, at most NEVER": (
                ends & (np.maximum(self.horizon_ns, self.flat_at) <= NEVER)
            )
            | ~enters,
        }

    def _told(self, at: int, rule: str) -> str:
        row = {field.name: getattr(self, field.name)[at].item() for field in fields(self)}
        return f"decisions, row {at}: expected {rule}, saw {row}; correct the decisions"


def judged_at_open(known_at: Ints, sessions: SessionTable) -> Ints:
    """Return when a market order of each instant can be judged: at once in regular hours, else at the next open.

    Parameters
    ----------
    known_at
        UTC nanoseconds; int64 (m,).

    Raises
    ------
    DatasetError
        If an instant lies after the last open of the table; extend it.
    """
    index = sessions.indices_at(known_at)
    is_regular = (
        (index >= 0) & (sessions.open[index] <= known_at) & (known_at < sessions.close[index])
    )
    following = np.searchsorted(sessions.open, known_at, side="right")
    outside = np.flatnonzero(~is_regular & (following == len(sessions)))
    if outside.size:
        sessions.next_open(int(known_at[outside[0]]))
    opens = sessions.open[np.minimum(following, len(sessions) - 1)]
    return np.where(is_regular, known_at, opens)
