"""Reads from a line what its report is made of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from alphaline.cli.line.recorded_line import STRATEGY_ID, TRADED_ON
from alphaline.cli.line.watch import LineWatch
from alphaline.cli.report import EquityPoint, RunData, Shown
from alphaline.market.sessions import SessionTable
from alphaline.messages import (
    Bar,
    Fill,
    Message,
    ModelDeployed,
    OrderEvent,
    SignalApproved,
    SignalDenied,
    decode,
)
from alphaline.runtime.ledger_reader import LedgerReader
from alphaline.runtime.messaging import Received
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import read_strategy
from alphaline.validation.gate import GateVerdict

BARS = "market.bars.v1"
DATASETS = ("spy_minute_2011", "vix_daily", "treasury_curve")

Kind = TypeVar("Kind", bound=Message)


def run_data(
    watch: LineWatch,
    root: Path,
    trained: Mapping[str, Any],
    delivered: Mapping[str, Any],
    latency_ms: Sequence[float],
    latency_note: str,
    shown: Sequence[Shown],
) -> RunData:
    """Return the run of March as it stands in the topics and in the ledger.

    Parameters
    ----------
    trained, delivered
        What the commands ``train`` and ``deliver`` answered.
    latency_ms, latency_note, shown
        As in ``RunData``.
    """
    reference = ReferenceData(checkout() / "data" / "sample")
    strategy = read_strategy((checkout() / "strategies" / f"{STRATEGY_ID}.yaml").read_bytes())
    (instrument,) = strategy.universe
    return RunData(
        instrument=reference.instruments.require(instrument),
        sessions=reference.sessions,
        bars=_traded(watch.received(BARS), reference.sessions),
        approved=_of(SignalApproved, watch.messages("signals.approved.v1")),
        denied=_of(SignalDenied, watch.messages("signals.denied.v1")),
        orders=_of(OrderEvent, watch.messages("trading.orders.v1")),
        fills=_of(Fill, watch.messages("trading.fills.v1")),
        equity=_equity(root / "trading" / "ledger.sqlite"),
        capital_minor=strategy.sizing.capital_minor,
        latency_ms=latency_ms,
        latency_note=latency_note,
        deployed=msgspec.convert(
            {name: value for name, value in delivered["deployed"].items() if name != "type"},
            ModelDeployed,
            strict=False,
        ),
        verdict=msgspec.convert(trained["gate"], GateVerdict),
        shown=shown,
        datasets=[reference.declarations[name] for name in DATASETS],
    )


def _traded(log: Iterable[Received], sessions: SessionTable) -> list[Bar]:
    chosen = sessions.between(*TRADED_ON)
    start, end = int(chosen.start[0]), int(chosen.end[-1])
    bars = _of(Bar, (decode(item.topic, item.value) for item in log))
    unique = {bar.ts_event: bar for bar in bars if start <= bar.ts_event < end}
    return [unique[ts] for ts in sorted(unique)]


def _of(kind: type[Kind], messages: Iterable[Message]) -> list[Kind]:
    return [message for message in messages if isinstance(message, kind)]


def _equity(ledger: Path) -> list[EquityPoint]:
    profits: dict[int, int] = defaultdict(int)
    with closing(LedgerReader(ledger)) as reader:
        for row in reader.equity():
            profits[row["line_time"]] += row["cash_minor"] + row["market_value_minor"]
    return [EquityPoint(line_time, profits[line_time]) for line_time in sorted(profits)]
