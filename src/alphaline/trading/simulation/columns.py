"""Named groups of arrays and numbers, as the compiled loop takes them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class BarColumns(NamedTuple):
    """Bars in order of (end, row); ``values`` is open, high, low, close, volume."""

    row: Ints
    start: Ints
    end: Ints
    values: Floats


class EventColumns(NamedTuple):
    """Corporate events in order of ``at``."""

    at: Ints
    row: Ints
    split: Floats
    dividend: Floats


class DecisionColumns(NamedTuple):
    """Decisions in order of judgement; see `Decisions`."""

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


class SessionColumns(NamedTuple):
    """Of a `SessionTable`."""

    session: Ints
    start: Ints
    end: Ints
    open: Ints
    close: Ints


class Terms(NamedTuple):
    """The execution terms as numbers."""

    half_spread_ticks: float
    slippage_bps: float
    participation: float
    latency_ns: int
    fee_nanos: int
    borrow_annual_bps: float


class Outcomes(NamedTuple):
    """What became of each decision: outcome, mask of refusing rules, mask of unset limits, units."""

    outcome: Ints
    denied: Ints
    unset: Ints
    quantity: Ints


class Bar(NamedTuple):
    """One bar as numbers, and its place among the bars."""

    place: int
    start: int
    end: int
    o: float
    h: float
    l: float  # noqa: E741
    c: float
