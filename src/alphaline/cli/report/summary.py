"""The numbers of a report: a pure function of what was measured."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from alphaline.cli.report.curves import Curves
from alphaline.cli.report.round_trips import RoundTrip, cash_minor
from alphaline.cli.report.run_data import RunData
from alphaline.messages import Fill, OrderEvent, SignalApproved, SignalDenied
from alphaline.trading.money import MINOR_DIGITS, value_minor

GO = "PASS"
Item = TypeVar("Item")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which recorded data was replayed; dates of sessions in New York."""

    instrument: str
    ticker: str
    first_session: str
    last_session: str
    sessions: int
    bars: int
    regular_bars: int


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions that proposed something. A denied one can have several reasons."""

    approved: int
    denied: int
    reasons: dict[str, int]
    lanes: list[str]


class Trading(msgspec.Struct, frozen=True, kw_only=True):
    """Orders by their last state, fills, round trips. Null where there is none to measure."""

    orders: dict[str, int]
    fills: int
    closed: int
    still_open: int
    winners: int
    exits: dict[str, int]
    average_net_minor: float | None
    best_net_minor: int | None
    worst_net_minor: int | None


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """Result of the account and of buy-and-hold; fractions of the capital.

    ``profit_minor`` is the ledger's, ``profit_of_fills_minor`` the fold of the published fills with
    open units at the last close: they agree where nothing was lost or booked twice.
    """

    currency: str
    capital_minor: int
    profit_minor: int
    profit_of_fills_minor: int
    fees_minor: int
    profit: float
    max_drawdown: float
    buy_and_hold_profit: float
    buy_and_hold_max_drawdown: float
    time_in_market: float


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time from the releasing clock record's append to the signal's, milliseconds."""

    signals: int
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    note: str


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The model in force; only the verdict ``PASS`` is a go."""

    name: str
    version: str
    digest: str
    lane: str
    feature_set: str
    entry_long: float | None
    entry_short: float | None
    verdict: str
    is_go: bool
    gate_version: str | None
    trials_counted: int | None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the run showed."""

    what: str
    seen: str
    holds: bool | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the report says in numbers."""

    format: int = 1
    span: Span
    signals: Signals
    trading: Trading
    money: Money
    latency: Latency
    model: Model
    shown: list[Seen]


class Distinct(NamedTuple):
    """The messages of a run, each id once."""

    approved: list[SignalApproved]
    denied: list[SignalDenied]
    orders: list[OrderEvent]
    fills: list[Fill]


def distinct(run: RunData) -> Distinct:
    """Return the messages of a run without repetitions; of an order's events, all."""
    return Distinct(
        list({one.decision_id: one for one in run.approved}.values()),
        list({one.decision_id: one for one in run.denied}.values()),
        list(dict.fromkeys(run.orders)),
        list({fill.fill_id: fill for fill in run.fills}.values()),
    )


def summarise(
    run: RunData, messages: Distinct, lines: Curves, trips: Sequence[RoundTrip]
) -> Summary:
    """Return the summary of a run; it states nothing that is not in its arguments."""
    signals = _signals(messages)
    trading = _trading(messages, trips)
    money = _money(run, messages, lines, trips)
    span = _span(run, lines)
    return Summary(
        span=span,
        signals=signals,
        trading=trading,
        money=money,
        latency=_latency(run),
        model=_model(run),
        shown=[*_shown(run, span, signals, trading, money), *_shown_by_caller(run)],
    )


def _span(run: RunData, lines: Curves) -> Span:
    labels = run.sessions.session[np.unique(lines.session)]
    return Span(
        instrument=run.instrument.id,
        ticker=run.instrument.ticker,
        first_session=iso_date(int(labels[0])),
        last_session=iso_date(int(labels[-1])),
        sessions=len(labels),
        bars=len(run.bars),
        regular_bars=len(lines.end),
    )


def _signals(messages: Distinct) -> Signals:
    reasons = Counter(denial.code for signal in messages.denied for denial in signal.denials)
    lanes = {signal.proposal.lane for signal in messages.approved}
    lanes |= {signal.lane for signal in messages.denied}
    return Signals(
        approved=len(messages.approved),
        denied=len(messages.denied),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        lanes=sorted(lanes),
    )


def _trading(messages: Distinct, trips: Sequence[RoundTrip]) -> Trading:
    nets = [trip.net_minor for trip in trips if trip.net_minor is not None]
    exits = Counter(trip.exit_reason or "unknown" for trip in trips if trip.net_minor is not None)
    return Trading(
        orders=dict(sorted(Counter(_last_states(messages.orders).values()).items())),
        fills=len(messages.fills),
        closed=len(nets),
        still_open=len(trips) - len(nets),
        winners=sum(net > 0 for net in nets),
        exits=dict(sorted(exits.items(), key=lambda item: (-item[1], item[0]))),
        average_net_minor=sum(nets) / len(nets) if nets else None,
        best_net_minor=max(nets, default=None),
        worst_net_minor=min(nets, default=None),
    )


def _last_states(orders: Iterable[OrderEvent]) -> dict[str, str]:
    # In the log an order's events follow one another; by knowledge time and what is left they do too.
    ranked = sorted(orders, key=lambda order: (order.ts_known, -order.remaining))
    return {order.order_id: order.state for order in ranked}


def _money(run: RunData, messages: Distinct, lines: Curves, trips: Sequence[RoundTrip]) -> Money:
    profit = run.equity[-1].profit_minor if run.equity else 0
    return Money(
        currency=run.instrument.currency,
        capital_minor=run.capital_minor,
        profit_minor=profit,
        profit_of_fills_minor=_profit_of_fills(run, messages),
        fees_minor=sum(fill.fee_minor for fill in messages.fills),
        profit=profit / run.capital_minor,
        max_drawdown=float(lines.equity_drawdown.max()),
        buy_and_hold_profit=float(lines.buy_and_hold[-1] / run.capital_minor - 1),
        buy_and_hold_max_drawdown=float(lines.buy_and_hold_drawdown.max()),
        time_in_market=_time_in_market(lines, trips),
    )


def _profit_of_fills(run: RunData, messages: Distinct) -> int:
    units = sum(fill.quantity if fill.side == "buy" else -fill.quantity for fill in messages.fills)
    worth = value_minor(run.bars[-1].close, units, run.instrument)
    return cash_minor(messages.fills, run.instrument) + worth


def _time_in_market(lines: Curves, trips: Sequence[RoundTrip]) -> float:
    held = np.zeros(len(lines.start), dtype=bool)
    for trip in trips:
        until = lines.end[-1] if trip.exited_at is None else trip.exited_at
        held |= (lines.start >= trip.entered_at) & (lines.start <= until)
    return float(held.mean())


def _latency(run: RunData) -> Latency:
    values = np.array(run.latency_ms, dtype=np.float64)
    p50, p90, p99, highest = (
        # Values that occurred, nothing between two of them.
        float(np.quantile(values, level, method="inverted_cdf")) if values.size else None
        for level in (0.5, 0.9, 0.99, 1.0)
    )
    return Latency(
        signals=len(values),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        max_ms=highest,
        note=run.latency_note,
    )


def _model(run: RunData) -> Model:
    deployed, verdict = run.deployed, run.verdict
    return Model(
        name=deployed.model_name,
        version=deployed.model_version,
        digest=deployed.model_digest,
        lane=deployed.lane,
        feature_set=deployed.feature_set,
        entry_long=deployed.entry_long,
        entry_short=deployed.entry_short,
        verdict=deployed.verdict,
        is_go=deployed.verdict == GO,
        gate_version=verdict.gate_version if verdict else None,
        trials_counted=verdict.trials_counted if verdict else None,
    )


def _shown(
    run: RunData, span: Span, signals: Signals, trading: Trading, money: Money
) -> list[Seen]:
    return [
        Seen(
            what="Recorded bars went through the line",
            seen=f"{span.bars:,} bars of {span.ticker}, {span.sessions} sessions",
            holds=span.bars > 0,
        ),
        Seen(
            what="Decisions were judged by risk, some approved, some denied",
            seen=f"{signals.approved:,} approved, {signals.denied:,} denied for "
            f"{len(signals.reasons)} different reasons",
            holds=signals.approved > 0 and len(signals.reasons) > 0,
        ),
        Seen(
            what="Every signal says in which lane its model is",
            seen=", ".join(signals.lanes) or "no signal",
            holds=signals.lanes == [run.deployed.lane],
        ),
        Seen(
            what="Approved signals became paper trades",
            seen=f"{trading.fills:,} fills, {trading.closed:,} round trips closed, "
            f"{trading.still_open} still open",
            holds=trading.fills > 0,
        ),
        Seen(
            what="The ledger and the published fills tell the same profit",
            seen=f"{in_major(money.profit_minor, money.currency)} and "
            f"{in_major(money.profit_of_fills_minor, money.currency)}",
            holds=money.profit_minor == money.profit_of_fills_minor,
        ),
    ]


def _shown_by_caller(run: RunData) -> list[Seen]:
    return [Seen(what=one.what, seen=one.seen, holds=one.holds) for one in run.shown]


def in_major(minor: float, currency: str) -> str:
    """Return an amount of minor units for people, in major units with the currency."""
    digits = MINOR_DIGITS[currency]
    return f"{minor / 10**digits:,.{digits}f} {currency}"


def iso_date(ts: int) -> str:
    """Return the UTC date of a time in nanoseconds."""
    return datetime.fromtimestamp(ts / 1e9, tz=UTC).date().isoformat()
