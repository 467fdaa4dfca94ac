"""Predictions become trades: one position at a time, each held to its exit, net of costs."""

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import LONG, SHORT
from alphaline.labels.triple_barrier import TripleBarrierLabels
from alphaline.market.sessions import DAY_NS
from alphaline.validation.trading_costs import Costs

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Sides = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryThresholds:
    """When a probability of ``y = 1`` opens a position.

    Parameters
    ----------
    entry_long, entry_short
        Long at or above the one, short at or below the other; None: that side is not traded.

    Raises
    ------
    ValueError
        If a probability could open both sides.
    """

    entry_long: float | None
    entry_short: float | None

    def __post_init__(self) -> None:
        if not self.short_at < self.long_at:
            raise ValueError(
                f"entry thresholds: expected entry_short < entry_long, saw {self.entry_short} and "
                f"{self.entry_long}"
            )

    @property
    def long_at(self) -> float:
        """Long entry; +inf where longs are not traded."""
        return math.inf if self.entry_long is None else self.entry_long

    @property
    def short_at(self) -> float:
        """Short entry; -inf where shorts are not traded."""
        return -math.inf if self.entry_short is None else self.entry_short


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """The k trades that m predictions lead to, in chronological order.

    Parameters
    ----------
    decision
        intp (k,): index of the decision that each trade follows.
    side
        int8 (k,): `LONG` or `SHORT`.
    t_entry, t_exit
        int64 (k,): start of the entry bar and end of the exit bar, UTC nanoseconds.
    gross, net
        float64 (k,): return on the capital, which is the value at the entry, before and after costs.
    entry_cost, exit_cost
        float64 (k,): what opening and closing cost, as fractions of the same capital. ``net`` is
        ``gross`` less both and, for a short position, less borrowing.
    """

    decision: NDArray[np.intp]
    side: Sides
    t_entry: Times
    t_exit: Times
    gross: Floats
    net: Floats
    entry_cost: Floats
    exit_cost: Floats


def entry_sides(probability: Floats, thresholds: EntryThresholds) -> Sides:
    """Return which side each probability would open: `LONG`, `SHORT` or 0; NaN opens nothing."""
    side = np.where(probability >= thresholds.long_at, LONG, 0)
    return np.where(probability <= thresholds.short_at, SHORT, side).astype(np.int8)


def take_positions(
    side: Sides,
    *,
    known_at: Times,
    longs: TripleBarrierLabels,
    shorts: TripleBarrierLabels,
    costs: Costs,
) -> Trades:
    """Return the trades of one instrument from the side that each decision would open.

    One position at a time, also where holding it takes several sessions: a decision opens one where
    its exit is known and the position before has ended at a clock record before the decision's own,
    since risk judges a proposal on the fills of the minute before it. Sides of several models, each
    fitted for its own span of decisions, may follow each other in ``side``; a position then lives on
    into the next span.

    Parameters
    ----------
    side
        int8 (m,): from `entry_sides`.
    known_at
        int64 (m,): when each decision was made, UTC nanoseconds, strictly increasing.
    longs, shorts
        How a long and a short position opened on each decision would have ended.

    Raises
    ------
    DatasetError
        If the arrays do not match or the decisions are not in order.
    """
    _require_decisions(side, known_at, longs, shorts)
    t_exit = np.where(side == LONG, longs.t_touch, shorts.t_touch)
    is_open = (side != 0) & np.where(side == LONG, longs.is_labelled, shorts.is_labelled)
    decision = np.flatnonzero(_one_at_a_time(is_open, known_at, t_exit))
    taken, ended = side[decision], t_exit[decision]
    began = np.where(taken == LONG, longs.t_entry[decision], shorts.t_entry[decision])
    gross = np.where(taken == LONG, longs.realised[decision], shorts.realised[decision])
    paid = costs.of_trades(taken, began, ended, gross)
    borrow = np.where(taken == SHORT, nights(began, ended) * costs.borrow_nightly, 0.0)
    return Trades(
        decision=decision,
        side=taken,
        t_entry=began,
        t_exit=ended,
        gross=gross,
        net=gross - (paid.entry + paid.exit) - borrow,
        entry_cost=paid.entry,
        exit_cost=paid.exit,
    )


def nights(t_entry: Times, t_exit: Times) -> Times:
    """Return the midnights (UTC) between entry and exit, which lie outside of regular hours."""
    return t_exit // DAY_NS - t_entry // DAY_NS


@numba.njit(cache=True)
def _one_at_a_time(is_open: NDArray[np.bool_], known_at: Times, t_exit: Times) -> NDArray[np.bool_]:
    taken = np.zeros(len(is_open), dtype=np.bool_)
    busy_until = np.iinfo(np.int64).min
    for i in range(len(is_open)):
        if is_open[i] and known_at[i] > busy_until:
            taken[i] = True
            busy_until = t_exit[i]
    return taken


def _require_decisions(
    side: Sides, known_at: Times, longs: TripleBarrierLabels, shorts: TripleBarrierLabels
) -> None:
    lengths = [len(a) for a in (side, known_at, longs.y, shorts.y)]
    if len(set(lengths)) > 1:
        raise DatasetError(
            f"trades: expected one value per decision in every array, saw lengths {lengths}"
        )
    if (np.diff(known_at) <= 0).any():
        raise DatasetError(
            "trades: expected strictly increasing decisions of one instrument; sort them, and "
            "simulate each instrument by itself"
        )
