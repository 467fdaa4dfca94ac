"""A finished run, read back from Kafka and the ledger."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from alphaline.cli.report.run_data import EquityPoint, RunData, Shown
from alphaline.errors import LineError, MessageError
from alphaline.messages import (
    Bar,
    Clock,
    Fill,
    Message,
    ModelDeployed,
    OrderEvent,
    SignalApproved,
    SignalDenied,
    decode,
)
from alphaline.runtime.database import Place
from alphaline.runtime.ledger_reader import LedgerReader
from alphaline.runtime.messaging import Subscription, read_to_end
from alphaline.runtime.reference import ReferenceData
from alphaline.trading.strategy import Strategy
from alphaline.validation.gate import GateVerdict

BARS = "market.bars.v1"
# Topics whose clock records a bar's release waits for.
MARKET = (BARS, "market.observations.v1")
SIGNALS = ("signals.approved.v1", "signals.denied.v1")
TRADING = ("trading.orders.v1", "trading.fills.v1")
DEPLOYED = "models.deployed.v1"
GLOBAL = frozenset((MARKET[1], DEPLOYED))

Kind = TypeVar("Kind", bound=Message)


class Appended(NamedTuple):
    """A message with the broker's append time, milliseconds of wall time."""

    message: Message
    at_ms: int


@dataclass(frozen=True)
class RunLog:
    """What stands on the topics of one line, in offset order per partition."""

    by_topic: dict[str, list[Appended]]

    def of(self, kind: type[Kind], *topics: str) -> list[Kind]:
        """Return the messages of one kind."""
        return [
            item.message
            for topic in topics
            for item in self.by_topic[topic]
            if isinstance(item.message, kind)
        ]


def read_log(subscription: Subscription, partition_count: int) -> RunLog:
    """Return the topics that a report is made of, as they stand; rejected messages are left out."""
    by_topic: dict[str, list[Appended]] = {}
    for topic in (*MARKET, *SIGNALS, *TRADING, DEPLOYED):
        count = 1 if topic in GLOBAL else partition_count
        found = read_to_end(subscription, [(topic, number) for number in range(count)])
        ordered = sorted(found, key=lambda item: (item.partition, item.offset))
        by_topic[topic] = list(
            _decoded(topic, ((item.value, item.timestamp_ms) for item in ordered))
        )
    return RunLog(by_topic)


def latencies_ms(log: RunLog) -> list[float]:
    """Return, for each signal, wall time from its releasing clock record to itself, both appended.

    A minute is released once its clock record stands in every partition of ``market.*``, so the last
    of them counts. Of repetitions the first counts.
    """
    released: dict[int, int] = {}
    for topic in MARKET:
        for item in log.by_topic[topic]:
            if isinstance(item.message, Clock):
                released[item.message.ts] = max(released.get(item.message.ts, 0), item.at_ms)
    first: dict[str, tuple[int, int]] = {}
    for topic in SIGNALS:
        for item in log.by_topic[topic]:
            if isinstance(item.message, SignalApproved | SignalDenied):
                line_time = _line_time(item.message)
                first.setdefault(item.message.decision_id, (line_time, item.at_ms))
    return [float(at - released[ts]) for ts, at in first.values() if ts in released]


def equity_points(rows: Iterable[dict[str, int]]) -> list[EquityPoint]:
    """Return the account's profit by line time from the ledger's rows, which hold one key each.

    A key without a row at a line time keeps the value of its last one.
    """
    latest: dict[tuple[object, ...], int] = {}
    points: dict[int, int] = {}
    for row in sorted(rows, key=lambda row: row["line_time"]):
        key = tuple(row[name] for name in ("portfolio_id", "strategy_id", "lane", "instrument"))
        latest[key] = row["cash_minor"] + row["market_value_minor"]
        points[row["line_time"]] = sum(latest.values())
    return [EquityPoint(*point) for point in points.items()]


def collect(
    subscription: Subscription,
    partition_count: int,
    ledger: Place,
    reference: ReferenceData,
    strategy: Strategy,
    verdict: GateVerdict | None,
    latency_note: str,
    shown: Sequence[Shown] = (),
    datasets: Sequence[str] = (),
) -> RunData:
    """Return the data of a run of one strategy over one instrument.

    It begins where the first model of the strategy came into force: what the log holds before, such
    as the history that the model was trained on, is no part of it.

    Parameters
    ----------
    subscription
        Not one that a service uses; read from the start of every topic.
    ledger
        Database of the paper account.
    verdict
        The gate's answer with its checks, as it was registered with the model.
    latency_note
        How the run was paced.
    datasets
        Names of the declarations to show; empty: all that are declared.

    Raises
    ------
    LineError
        If the strategy trades several instruments, or no model was deployed for it.
    """
    if len(strategy.universe) != 1:
        raise LineError(
            f"report: expected a strategy of one instrument, {strategy.strategy_id} has "
            f"{len(strategy.universe)}; its runs are shown by the gateway"
        )
    log = read_log(subscription, partition_count)
    deployed = _deployed(log, strategy)
    names = datasets or sorted(reference.declarations)
    with closing(LedgerReader(ledger)) as reader:
        rows = [row for row in reader.equity() if row["strategy_id"] == strategy.strategy_id]
    return RunData(
        instrument=reference.instruments.require(strategy.universe[0]),
        sessions=reference.sessions,
        bars=_bars(log, strategy.universe[0], min(one.ts for one in deployed)),
        approved=_of_strategy(log.of(SignalApproved, SIGNALS[0]), strategy),
        denied=_of_strategy(log.of(SignalDenied, SIGNALS[1]), strategy),
        orders=_of_strategy(log.of(OrderEvent, TRADING[0]), strategy),
        fills=_of_strategy(log.of(Fill, TRADING[1]), strategy),
        equity=equity_points(rows),
        capital_minor=strategy.sizing.capital_minor,
        latency_ms=latencies_ms(log),
        latency_note=latency_note,
        deployed=deployed[-1],
        verdict=verdict,
        shown=shown,
        datasets=[reference.declarations[name] for name in names],
    )


def _decoded(topic: str, items: Iterable[tuple[bytes | None, int]]) -> Iterator[Appended]:
    for value, at_ms in items:
        try:
            yield Appended(decode(topic, value), at_ms)
        except MessageError:
            continue  # the line has written its dead letter


def _bars(log: RunLog, instrument: str, from_ts: int) -> list[Bar]:
    first: dict[int, Bar] = {}
    for bar in log.of(Bar, BARS):
        if bar.instrument == instrument and bar.ts_known > from_ts:
            first.setdefault(bar.ts_event, bar)
    return [first[ts] for ts in sorted(first)]


def _of_strategy(messages: list[Kind], strategy: Strategy) -> list[Kind]:
    return [item for item in messages if _strategy_id(item) == strategy.strategy_id]


def _strategy_id(message: Message) -> str:
    keys = message.proposal if isinstance(message, SignalApproved) else message
    return str(getattr(keys, "strategy_id", ""))


def _line_time(signal: SignalApproved | SignalDenied) -> int:
    return signal.line_time if isinstance(signal, SignalDenied) else signal.proposal.line_time


def _deployed(log: RunLog, strategy: Strategy) -> list[ModelDeployed]:
    found = _of_strategy(log.of(ModelDeployed, DEPLOYED), strategy)
    if not found:
        raise LineError(
            f"report: expected a deployed model of {strategy.strategy_id} on {DEPLOYED}, saw none; "
            "run `alphaline deliver`"
        )
    return found
