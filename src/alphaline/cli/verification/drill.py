"""A line of one's own for a drill: own topics, own folder, real services, real broker."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

from alphaline.errors import LineError
from alphaline.market.sessions import session_label
from alphaline.messages import Clock, Message, ModelDeployed, decode
from alphaline.runtime.broker import broker
from alphaline.runtime.local_line import LocalLine
from alphaline.runtime.messaging import (
    KafkaPublisher,
    KafkaSubscription,
    Outgoing,
    TopicPartitionKey,
    read_to_end,
)
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.topics import Topics

Report = Callable[[str], None]

PARTITIONS = 2
# The last clock record of a partition stands at its end or just before what a restart repeated.
TAIL_MESSAGES = 200
OUTPUTS = {
    "market_data": ("market.bars.v1", "market.observations.v1"),
    "feature_streaming": ("features.vectors.v1", "market.late_bars.v1"),
    "signal_generation": ("signals.approved.v1", "signals.denied.v1"),
    "risk_management": ("risk.decisions.v1",),
    "paper_trading": ("trading.orders.v1", "trading.fills.v1", "trading.positions.v1"),
}
# Line time must move within this; a cold start compiles for some ten seconds.
STUCK_AFTER_S = 90.0


class Logged(NamedTuple):
    """A message of a drill's topic with its place, bytes and append time (broker's clock, ms)."""

    partition: int
    offset: int
    message: Message
    raw: bytes
    appended_ms: int


class DrillLine:
    """One line under test, isolated by a topic prefix and a folder.

    Parameters
    ----------
    root
        Folder of everything that the line keeps.
    bootstrap
        Kafka's ``host:port``.
    settings
        Environment of every service beyond the usual one.
    report
        Takes a sentence on what goes on.
    """

    def __init__(
        self,
        root: Path,
        bootstrap: str,
        settings: Mapping[str, str] | None = None,
        report: Report = lambda _: None,
    ) -> None:
        self.prefix = f"drill-{secrets.token_hex(4)}."
        self.bootstrap = bootstrap
        self.report = report
        self._topics = Topics(self.prefix, PARTITIONS)
        self._topics.create(bootstrap)
        chosen = {
            "ALPHALINE_TOPIC_PREFIX": self.prefix,
            "ALPHALINE_PARTITION_COUNT": str(PARTITIONS),
            **(settings or {}),
        }
        self.services = LocalLine(root, bootstrap, chosen)
        self.root = root
        self._looker = KafkaSubscription(bootstrap, "drill", self.prefix)

    def keys(self, topic: str) -> list[TopicPartitionKey]:
        """Return the partitions of a topic."""
        return [(topic, number) for number in range(self._topics.partitions(topic))]

    def deploy(self, deployed: ModelDeployed) -> None:
        """Put a model in force."""
        publisher = KafkaPublisher(self.bootstrap, "drill", self.prefix)
        publisher.send(Outgoing("models.deployed.v1", deployed.strategy_id, deployed, 0))
        publisher.flush()

    def messages(self, topic: str) -> list[Logged]:
        """Return everything that stands on a topic, by partition and offset."""
        received = read_to_end(self._looker, self.keys(topic))
        return [
            Logged(
                item.partition,
                item.offset,
                decode(topic, item.value),
                item.value or b"",
                item.timestamp_ms,
            )
            for item in sorted(received, key=lambda item: (item.partition, item.offset))
        ]

    def last_clock(self, topic: str) -> int:
        """Return the lowest last clock record over a topic's partitions, 0 where one has none."""
        last = dict.fromkeys(self.keys(topic), 0)
        for item in read_to_end(self._looker, self.keys(topic), TAIL_MESSAGES):
            message = decode(topic, item.value)
            if isinstance(message, Clock):
                key = item.topic, item.partition
                last[key] = max(last[key], message.ts)
        return min(last.values())

    def committed_behind(self, group: str, topic: str) -> int:
        """Return how many messages of a topic a group has not committed yet."""
        subscription = KafkaSubscription(self.bootstrap, group, self.prefix)
        try:
            return subscription.behind(self.keys(topic))
        finally:
            subscription.close()

    def ends_of_outputs(self, service: str) -> dict[str, int]:
        """Return the end offset of each partition that a service writes, ``topic[partition]``."""
        keys = [key for topic in OUTPUTS.get(service, ()) for key in self.keys(topic)]
        return {
            f"{topic}[{number}]": end
            for (topic, number), (_, end) in self._looker.bounds(keys).items()
        }

    def records_read(self, service: str) -> int:
        """Return how many messages a running service has read, by its metrics."""
        return int(self.services.metric(service, "line_records_total"))

    def wait_for(self, topic: str, ts: int, watch: Callable[[], None] = lambda: None) -> None:
        """Return once every partition of ``topic`` has reached the clock record ``ts``.

        ``watch`` is called between two looks. LineError where line time stands still too long.
        """
        seen, since = -1, time.monotonic()
        while (reached := self.last_clock(topic)) < ts:
            watch()
            if reached > seen:
                seen, since = reached, time.monotonic()
                self.report(f"{topic} at {_instant(reached)}, waiting for {_instant(ts)}")
            if time.monotonic() - since > STUCK_AFTER_S:
                raise LineError(
                    f"{topic} stands still at {_instant(reached)} for {STUCK_AFTER_S:.0f} s; the "
                    f"services' logs are in {self.services.root / 'logs'}"
                )
            time.sleep(0.5)

    def wait_for_sink(self, group: str, topics: Iterable[str]) -> None:
        """Return once a sink has committed everything that stands on ``topics``."""
        until = time.monotonic() + STUCK_AFTER_S
        while any(self.committed_behind(group, topic) for topic in topics):
            if time.monotonic() > until:
                raise LineError(f"{group} has not committed the log after {STUCK_AFTER_S:.0f} s")
            time.sleep(0.2)

    def close(self) -> None:
        """Stop the services and delete the topics."""
        self.services.stop()
        self._looker.close()
        self._topics.delete(self.bootstrap)


@contextmanager
def drill_broker(folder: Path, report: Report) -> Iterator[str]:
    """Yield the bootstrap servers of a real broker: an existing one, or a child process."""
    with broker(folder / "kafka", report=report) as bootstrap:
        yield bootstrap


@contextmanager
def drill_line(
    root: Path, bootstrap: str, settings: Mapping[str, str] | None = None, report: Report = print
) -> Iterator[DrillLine]:
    """Yield a line whose services are stopped and whose topics are deleted at the end."""
    line = DrillLine(root, bootstrap, settings, report)
    try:
        yield line
    finally:
        line.close()


def last_clock_of(reference: ReferenceData, last_session: date) -> int:
    """Return the last clock record of a replay that ends with a session."""
    sessions = reference.sessions
    return int(sessions.end[sessions.index_of(session_label(last_session))]) + 60_000_000_000


def replay_settings(first: date, last: date, **more: object) -> dict[str, str]:
    """Return the market data service's environment for a replay of these sessions."""
    named = {
        "replay_first_session": first.isoformat(),
        "replay_last_session": last.isoformat(),
        **more,
    }
    return {f"ALPHALINE_{name.upper()}": str(value) for name, value in named.items()}


def _instant(ts: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(ts / 1e9))
