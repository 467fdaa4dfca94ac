"""What a report is made of: the messages of a run, and what was measured beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from alphaline.market.datasets import DatasetDeclaration
from alphaline.market.instruments import Instrument
from alphaline.market.sessions import SessionTable
from alphaline.messages import (
    Bar,
    Fill,
    ModelDeployed,
    OrderEvent,
    SignalApproved,
    SignalDenied,
)
from alphaline.validation.gate import GateVerdict


class EquityPoint(NamedTuple):
    """Profit of the account since the log began, after fees, at a line time; minor units."""

    line_time: int
    profit_minor: int


class Shown(NamedTuple):
    """Something that a run showed; ``holds`` is None where there is nothing to hold."""

    what: str
    seen: str
    holds: bool | None = None


@dataclass(frozen=True, kw_only=True)
class RunData:
    """One run of the line with one instrument and one strategy.

    Parameters
    ----------
    bars
        Bars of the replayed sessions in order of time, pre- and post-market included.
    approved, denied, orders, fills
        As published, in any order; repetitions are allowed and count once.
    equity
        Profit by line time, ascending; between two points the earlier one holds, 0 before the first.
    capital_minor
        What the strategy sizes its orders by; buy-and-hold gets the same.
    latency_ms
        For each signal: wall time from the append of the clock record that released its bar to the
        append of the signal, both by the broker's clock.
    latency_note
        How the run was paced, for people who read the latencies.
    deployed, verdict
        The model in force, and the gate's answer with every check (None where it was not kept).
    shown
        What else the run showed, in the order of the table.
    datasets
        Declarations of the recorded data that was used.
    """

    instrument: Instrument
    sessions: SessionTable
    bars: Sequence[Bar]
    approved: Sequence[SignalApproved]
    denied: Sequence[SignalDenied]
    orders: Sequence[OrderEvent]
    fills: Sequence[Fill]
    equity: Sequence[EquityPoint]
    capital_minor: int
    latency_ms: Sequence[float]
    latency_note: str
    deployed: ModelDeployed
    verdict: GateVerdict | None
    shown: Sequence[Shown]
    datasets: Sequence[DatasetDeclaration]
