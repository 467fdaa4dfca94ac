"""The loop that every service of the line runs: read, merge into minutes, handle, publish, check-point.

Starting and recovering are the same path: the step says where its state stands, the loop reads from
there. Everything a minute makes is published before the clock record that closes it is forwarded, and
acknowledged before the step is told to check-point; a crash in between repeats bytes, never loses any.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from alphaline.errors import MessageError
from alphaline.market.minutes import LogPosition, Minute, MinuteMerge, Record
from alphaline.messages import Bar, Clock, Message, dead_letter
from alphaline.runtime.messaging import (
    Outgoing,
    Publisher,
    Received,
    Subscription,
    TopicPartitionKey,
)
from alphaline.runtime.patience import StoppedError
from alphaline.runtime.telemetry import Telemetry

# One poll takes at most this many messages: 10 MB of vectors, decoded in well under a second.
POLL_LIMIT = 2_000
# Minutes handled between two check-points while catching up: what a crash makes the service redo.
CYCLE_MINUTES = 64
# A partition that runs this many minutes ahead of the slowest one is not fetched from meanwhile.
BACKLOG_HIGH, BACKLOG_LOW = 512, 64

FaultProbe = Callable[[str, int], None]


class Step(Protocol):
    """What a service does with minutes."""

    def on_minute(self, minute: Minute) -> Iterable[Outgoing]:
        """Handle one minute; may be called again with the same minute after a crash."""

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Everything up to ``line_time`` is acknowledged; reading goes on at ``positions``."""

    def on_idle(self) -> None:
        """Nothing has arrived for one poll."""


def no_faults(_where: str, _records: int) -> None:
    """Do nothing: the probe of every run that is not a fault drill."""


@dataclass(kw_only=True)
class LineLoop:
    """Drives one step.

    Parameters
    ----------
    inputs
        Partitions that carry clock records, with the offset to read from (None: committed or start).
    line_times
        The minute up to which the step's state has come, by input (absent: the start of the log).
    forward_to
        Partitions of outputs into which each finished clock record is forwarded.
    decode
        Bytes of a topic to a checked value; raises MessageError.
    dead_letters_for
        Topics whose rejected messages this service writes to ``<topic>.dlq``; other readers of the
        same topic only count them.
    probe
        Called with ``received``, ``published`` and ``committed`` and the number of records so far.
    now
        The wall clock, seconds since 1970; measures how long a minute waited and decides nothing.
    """

    subscription: Subscription
    publisher: Publisher
    step: Step
    inputs: Mapping[TopicPartitionKey, int | None]
    decode: Callable[[str, bytes | None], Message]
    telemetry: Telemetry
    forward_to: Iterable[TopicPartitionKey] = ()
    dead_letters_for: frozenset[str] = frozenset()
    line_times: Mapping[TopicPartitionKey, int] = field(default_factory=dict)
    probe: FaultProbe = no_faults
    now: Callable[[], float] = time.time
    _records: int = 0
    _positions: dict[TopicPartitionKey, int] = field(default_factory=dict)
    _stamps_ms: dict[tuple[str, int, int], int] = field(default_factory=dict)
    _paused: set[TopicPartitionKey] = field(default_factory=set)

    def run(self, is_stopping: Callable[[], bool]) -> None:
        """Run until ``is_stopping``; what is in flight is finished and check-pointed first.

        Where it has to wait for that and gives up (StoppedError), the next start does it again.
        """
        self.forward_to = tuple(self.forward_to)
        self._merge = MinuteMerge(self.inputs, self.line_times)
        self._log = structlog.get_logger().bind(service=self.telemetry.service)
        try:
            self.subscription.assign(self.inputs)
            self._log.info("line_started", line_time=self._merge.line_time, inputs=len(self.inputs))
            while not is_stopping():
                self._cycle()
        except StoppedError:
            self._log.info("minute_left_unfinished")
        self._log.info("line_stopped", line_time=self._merge.line_time)

    def _cycle(self) -> None:
        received = self.subscription.poll(POLL_LIMIT, 0.1)
        self._records += len(received)
        if received:
            self.probe("received", self._records)
        arrived = Counter(item.topic for item in received)
        self._count("line_records_total", arrived)
        self._tell_standing(arrived)
        for item in received:
            self._offer(item)
        if not self._handle_minutes() and not received:
            self.step.on_idle()
        self._balance()

    def _handle_minutes(self) -> bool:
        handled = False
        while (minutes := self._handle_some()) > 0:
            handled = True
            self.publisher.flush()
            self.probe("published", self._records)
            self.step.checkpoint(self._merge.line_time, self._positions)
            self.probe("committed", self._records)
            if minutes < CYCLE_MINUTES:
                break
        return handled

    def _handle_some(self) -> int:
        for count in range(CYCLE_MINUTES):
            minute = self._merge.pop()
            if minute is None:
                return count
            self._handle(minute)
        return CYCLE_MINUTES

    def _handle(self, minute: Minute) -> None:
        started = time.perf_counter()
        published: Counter[str] = Counter()
        try:
            for outgoing in self.step.on_minute(minute):
                self.publisher.send(outgoing)
                published[outgoing.topic] += 1
        finally:
            self._count("line_published_total", published)
        for topic, partition in self.forward_to:
            self.publisher.send(Outgoing(topic, "clock", minute.clock, partition))
        for closing in minute.clocks:
            self._positions[closing.at.topic, closing.at.partition] = closing.at.offset + 1
        self._tell_hop(minute)
        self.telemetry.counter("line_minutes_total").inc()
        self.telemetry.gauge("line_time_seconds").set(minute.ts / 1e9)
        self.telemetry.histogram("line_minute_seconds").observe(time.perf_counter() - started)

    def _tell_hop(self, minute: Minute) -> None:
        stamps = [
            self._stamps_ms.pop((*closing.at[:2], minute.ts), None) for closing in minute.clocks
        ]
        known = [stamp for stamp in stamps if stamp is not None]
        if known:
            # The last partition to close is the one that the minute waited for. The stamp is of the
            # writer's host, whose clock may be ahead.
            taken = max(self.now() - max(known) / 1000, 0)
            self.telemetry.histogram("line_hop_seconds").observe(taken)

    def _tell_standing(self, arrived: Counter[str]) -> None:
        standing = self.subscription.standing()
        for topic, unread in standing.unread.items():
            waiting = unread + arrived[topic]
            self.telemetry.gauge("line_records_waiting", topic=topic).set(waiting)
        if standing.brokers_connected is not None:
            self.telemetry.gauge("line_brokers_connected").set(standing.brokers_connected)

    def _count(self, name: str, topics: Counter[str]) -> None:
        for topic, number in topics.items():
            self.telemetry.counter(name, topic=topic).inc(number)

    def _offer(self, item: Received) -> None:
        try:
            message = _under_its_key(item, self.decode(item.topic, item.value))
        except MessageError as error:
            self._reject(item, error)
            return
        at = LogPosition(item.topic, item.partition, item.offset)
        if isinstance(message, Clock) and message.ts > self._merge.line_time:
            # Of a repeated record the first counts: from there on the minute was ready.
            self._stamps_ms.setdefault((*at[:2], message.ts), item.timestamp_ms)
        self._merge.offer(Record(at, message, item.value or b""))

    def _reject(self, item: Received, error: MessageError) -> None:
        self.telemetry.counter("line_rejected_total", topic=item.topic, reason=error.reason).inc()
        self._log.warning(
            "message_rejected",
            topic=item.topic,
            partition=item.partition,
            offset=item.offset,
            reason=error.reason,
            detail=error.detail,
        )
        if item.topic in self.dead_letters_for:
            letter = dead_letter(
                item.topic, item.partition, item.offset, item.key, item.value, error
            )
            self.publisher.send(Outgoing(f"{item.topic}.dlq", letter.key or "", letter, 0))
            self._count("line_published_total", Counter([f"{item.topic}.dlq"]))

    def _balance(self) -> None:
        ahead = {key for key in self.inputs if self._merge.backlog(*key) > BACKLOG_HIGH}
        behind = {key for key in self._paused if self._merge.backlog(*key) < BACKLOG_LOW}
        if new := ahead - self._paused:
            self.subscription.pause(new)
        if behind:
            self.subscription.resume(behind)
        self._paused = (self._paused | ahead) - behind


def _under_its_key(item: Received, message: Message) -> Message:
    # The key chose the partition: under another one, one instrument would have two histories.
    if isinstance(message, Bar) and item.key != message.instrument.encode():
        raise MessageError(
            "KEY_IS_NOT_THE_INSTRUMENT",
            f"expected the key {message.instrument!r}, saw {item.key!r}",
        )
    return message
