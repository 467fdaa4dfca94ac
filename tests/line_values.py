"""Small values of the line, and logs made of them, for tests of everything that reads minutes."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from alphaline.market.instruments import Instrument, InstrumentMaster
from alphaline.market.minutes import LogPosition, Minute, MinuteMerge, Record
from alphaline.market.sessions import DAY_NS, SessionTable, session_label
from alphaline.messages import (
    MINUTE_NS,
    Bar,
    Clock,
    ExitTerms,
    Message,
    Observation,
    Proposal,
    encode,
)

ROOT = Path(__file__).parents[1]
BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"
# 2011-03-01 14:30 UTC, the open in New York.
T0 = 1_298_989_800_000_000_000

SPY = Instrument(
    id="eq.us.spy",
    ticker="SPY",
    name="SPDR S&P 500 ETF Trust",
    asset_class="etf",
    currency="USD",
    multiplier=1,
    tick_nanos=10_000_000,
    lot=1,
    calendar="XNYS",
    primary_venue="ARCX",
    valid_from=date(1993, 1, 29),
)


def at(minute: int) -> int:
    """Return the instant so many minutes after T0."""
    return T0 + minute * MINUTE_NS


def bar(minute: int, instrument: str = "eq.us.spy", close: float = 100.0, **changed: Any) -> Bar:
    """Return the bar that starts ``minute`` minutes after T0."""
    values: dict[str, Any] = {
        "instrument": instrument,
        "ts_event": at(minute),
        "ts_known": at(minute + 1),
        "open": 100.0,
        "high": max(100.0, close) + 0.5,
        "low": min(100.0, close) - 0.5,
        "close": close,
        "volume": 1_000.0,
        "venue": "ARCX",
    }
    return Bar(**{**values, **changed})


def clock(minute: int, previous: int | None = None, lateness_min: int = 0, epoch: int = 1) -> Clock:
    """Return the clock record ``minute`` minutes after T0; ``previous`` is a minute, None the one before."""
    before = minute - 1 if previous is None else previous
    return Clock(
        ts=at(minute),
        previous=at(before),
        epoch=epoch,
        allowed_lateness_ms=lateness_min * 60_000,
    )


def start(minute: int, lateness_min: int = 0) -> Clock:
    """Return the clock record that opens a log."""
    return Clock(
        ts=at(minute),
        previous=0,
        epoch=1,
        kind="start",
        allowed_lateness_ms=lateness_min * 60_000,
    )


def vix(day: date, value: float, known_minute: int) -> Observation:
    """Return a VIX close that becomes known ``known_minute`` minutes after T0."""
    return Observation(
        series="VIX",
        ts_event=session_label(day),
        ts_known=at(known_minute),
        value=value,
        unit="index points",
        dataset="vix_daily",
    )


def proposal(minute: int, quantity: int = 100, decision: str | None = None) -> Proposal:
    """Return a proposal decided at minute ``minute``, valid for two minutes."""
    return Proposal(
        decision_id=decision or f"d{minute}",
        portfolio_id="demo",
        strategy_id="s",
        lane="candidate",
        instrument="eq.us.spy",
        ts_event=at(minute - 1),
        feature_set="intraday_v1",
        line_time=at(minute),
        prior_line_time=at(minute - 1),
        side="buy",
        quantity=quantity,
        reference_price=100.0,
        currency="USD",
        valid_until=at(minute + 2),
        exit=ExitTerms(
            stop_return=0.01, target_return=0.01, horizon_ns=30 * 60 * 10**9, flat_at=at(390)
        ),
        probability=0.75,
        model_name="m",
        model_version="1",
        model_digest="model",
        strategy_digest="strategy",
        engine="e",
        features_ts_known=at(minute),
        features_missing=0,
    )


def records(
    topic: str, partition: int, messages: Sequence[Message], first: int = 0
) -> list[Record]:
    """Return the log of a partition."""
    return [
        Record(LogPosition(topic, partition, first + offset), message, encode(message))
        for offset, message in enumerate(messages)
    ]


def minutes_of(*logs: Sequence[Record]) -> list[Minute]:
    """Return what a reader of these partitions sees."""
    merge = MinuteMerge([(log[0].at.topic, log[0].at.partition) for log in logs])
    for log in logs:
        for record in log:
            merge.offer(record)
    found = []
    while (minute := merge.pop()) is not None:
        found.append(minute)
    return found


def master(count: int = 3) -> InstrumentMaster:
    """Return a master that knows SPY and clones of it."""
    return InstrumentMaster([SPY]).with_clones(
        "eq.us.spy", [f"eq.us.spy.clone{number:04d}" for number in range(count)]
    )


def sessions(days: int = 70) -> SessionTable:
    """Return a session on every day from 2011-01-03 on, in New York's winter hours."""
    label = session_label(date(2011, 1, 3)) + np.arange(days) * DAY_NS
    hours = (9 * 60, 14 * 60 + 30, 21 * 60, 25 * 60)
    return SessionTable(label, *(label + minute * MINUTE_NS for minute in hours))
