"""The port through which the line talks to Kafka, and its adapter over confluent-kafka.

Topics are named by their contract name everywhere; only this module knows the environment's prefix.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
import stamina
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from alphaline.errors import BrokerError
from alphaline.messages import Message as Value
from alphaline.messages import encode
from alphaline.runtime.abandonable import SLICE_S, Answer, answer_of, never
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.patience import ATTEMPT_S, StoppedError

# Every producer of the line names its partitioner, since the clients' defaults differ.
PARTITIONER = "murmur2"
# A send or a commit is retried this long before it is a fault of the loop (the broker of a laptop
# needs up to 12 s after a kill).
DELIVERY_TIMEOUT_MS = 120_000
# How old what a reader says about its brokers may be: well below the minutes after which it alarms.
STATISTICS_INTERVAL_MS = 5_000
# Seconds without a message after which a log that has not been read to its end counts as unreachable.
READ_TO_END_SILENT_POLLS = 30

Headers = list[tuple[str, str | bytes | None]]

TopicPartitionKey = tuple[str, int]


class Received(NamedTuple):
    """A message as it stands in a partition; ``timestamp_ms`` is the broker's, wall time."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int


class Outgoing(NamedTuple):
    """A value to publish. ``partition`` None lets the key decide (murmur2)."""

    topic: str
    key: str
    value: Value
    partition: int | None = None


class Standing(NamedTuple):
    """How a reader stands towards its log.

    Parameters
    ----------
    unread
        Records between the reader and the end of the log, by topic; a partition whose end is not
        known yet counts nothing.
    brokers_connected
        None until the client has said.
    """

    unread: Mapping[str, int]
    brokers_connected: int | None


class Publisher(Protocol):
    """What a service needs to publish."""

    def send(self, outgoing: Outgoing) -> None:
        """Hand one value to the client; it is on its way, not yet acknowledged."""

    def flush(self) -> None:
        """Return when everything sent is acknowledged; raise BrokerError if that fails."""


class Subscription(Protocol):
    """What a service needs to read partitions of its choice."""

    def assign(self, positions: Mapping[TopicPartitionKey, int | None]) -> None:
        """Read from these offsets; None: the committed one, or the start of the log."""

    def poll(self, limit: int, timeout_s: float) -> list[Received]:
        """Return up to ``limit`` messages that have arrived within ``timeout_s``."""

    def pause(self, keys: Iterable[TopicPartitionKey]) -> None:
        """Stop fetching from these partitions."""

    def resume(self, keys: Iterable[TopicPartitionKey]) -> None:
        """Fetch from these partitions again."""

    def commit(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Store these offsets for the group."""

    def bounds(self, keys: Sequence[TopicPartitionKey]) -> dict[TopicPartitionKey, tuple[int, int]]:
        """Return, per partition, the first offset that is kept and the one after the last."""

    def missing(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Return which of these topics are not there; BrokerError if Kafka does not answer."""

    def standing(self) -> Standing:
        """Return how the reader stands, from what it knows already: asks nobody."""

    def close(self) -> None:
        """Leave the group and release the connection."""


class KafkaPublisher:
    """Publishes with an idempotent producer: acknowledged by all replicas, in order, no linger.

    Parameters
    ----------
    service
        Name of the client.
    prefix
        Of the topics.
    security
        None: as the environment of this process says.
    gives_up
        Whether to wait for Kafka no longer: what waits then raises StoppedError.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        service: str,
        prefix: str = "",
        security: KafkaSecurity | None = None,
        gives_up: Callable[[], bool] = never,
    ) -> None:
        self._gives_up = gives_up
        self._prefix = prefix
        self._failure: KafkaError | None = None
        self._headers: dict[str, Headers] = {}
        self._service = service
        security = security or KafkaSecurity.of_environment()
        self._settings: dict[str, Any] = {
            **security.confluent(),
            "bootstrap.servers": bootstrap_servers,
            "client.id": service,
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "partitioner": PARTITIONER,
            "delivery.timeout.ms": DELIVERY_TIMEOUT_MS,
            "queue.buffering.max.messages": 500_000,
            "message.max.bytes": 8_000_000,
            "socket.nagle.disable": True,
            "log_level": 3,
        }
        self._opened: Producer | None = None

    def send(self, outgoing: Outgoing) -> None:
        """Hand one value to the client; waits where its queue is full."""
        kind = type(outgoing.value).__name__
        headers = self._headers.get(kind) or self._cloud_event_headers(kind)
        self.send_bytes(
            outgoing.topic, outgoing.key, encode(outgoing.value), outgoing.partition, headers
        )

    def send_bytes(
        self,
        topic: str,
        key: str,
        value: bytes,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        """Hand bytes to the client as they are.

        Raises
        ------
        BrokerError
            If the client does not take them, or something sent before is known to be lost. Nothing is
            sent after that: it would stand where the lost message belongs.
        StoppedError
            If the client's queue is full and ``gives_up``.
        """
        producer, wait_s = self._producer(), 0.0
        while True:
            self._take_reports(producer.poll, wait_s)
            self._raise_failure()
            try:
                producer.produce(
                    self._prefix + topic,
                    value,
                    key,
                    -1 if partition is None else partition,
                    on_delivery=self._on_delivery,
                    headers=headers,
                )
            except BufferError:
                wait_s = 0.05
                self._demand_waiting(len(producer))
            except KafkaException as error:
                self._failure = error.args[0]
                self._raise_failure()
            else:
                return

    def flush(self) -> None:
        """Return when everything sent is acknowledged.

        Raises
        ------
        BrokerError
            If something is lost, or not acknowledged in time.
        StoppedError
            If something is not acknowledged and ``gives_up``.
        """
        if self._opened is None:
            return
        self._raise_failure()
        until = time.monotonic() + DELIVERY_TIMEOUT_MS / 1000
        while left := self._take_reports(self._opened.flush, SLICE_S):
            self._raise_failure()
            self._demand_waiting(left)
            if time.monotonic() > until:
                raise BrokerError(
                    f"{left} messages were not acknowledged within {DELIVERY_TIMEOUT_MS} ms: is the "
                    "broker up? Restart the service, it goes on where it stopped"
                )
        self._raise_failure()

    def _demand_waiting(self, left: int) -> None:
        if self._gives_up():
            raise StoppedError(f"stopped with {left} messages that Kafka had not acknowledged")

    def _producer(self) -> Producer:
        # A sink never writes, and may not: it would be refused already for announcing itself.
        if self._opened is None:
            self._opened = Producer(self._settings)
        return self._opened

    def _cloud_event_headers(self, kind: str) -> Headers:
        headers: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_type", f"alphaline.{kind}".encode()),
            ("ce_source", f"/services/{self._service}".encode()),
            ("content-type", b"application/json"),
        ]
        self._headers[kind] = headers
        return headers

    def _on_delivery(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failure = error

    def _take_reports(self, serve: Callable[[float], int], within_s: float) -> int:
        try:
            return serve(within_s)
        except (KafkaException, SystemError) as error:
            # The library raises what ends a producer where reports are taken; out of a report that was
            # on its way to us, it comes as a SystemError.
            raise BrokerError(
                f"Kafka lets this writer do nothing: {error.__cause__ or error}"
            ) from error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise BrokerError(f"a message could not be delivered: {self._failure.str()}")


class KafkaSubscription:
    """Reads assigned partitions; which ones is the service's decision, not a group rebalance.

    A restarted worker so goes on at once, without waiting for the session timeout of its dead self.
    Two workers on one partition would repeat each other's messages, byte for byte.

    Parameters
    ----------
    group
        Whose committed offsets these are.
    prefix
        Of topics and group.
    security
        None: as the environment of this process says.
    gives_up
        Whether to wait for Kafka no longer: what waits then raises StoppedError.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group: str,
        prefix: str = "",
        security: KafkaSecurity | None = None,
        gives_up: Callable[[], bool] = never,
    ) -> None:
        self._gives_up = gives_up
        self._is_left_waiting = False
        self._prefix = prefix
        self._next: dict[TopicPartitionKey, int] = {}
        self._brokers_connected: int | None = None
        security = security or KafkaSecurity.of_environment()
        self._consumer = Consumer(
            {
                **security.confluent(),
                "bootstrap.servers": bootstrap_servers,
                "group.id": prefix + group,
                "client.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": False,
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 16_384,
                "fetch.message.max.bytes": 8_000_000,
                "socket.nagle.disable": True,
                "statistics.interval.ms": STATISTICS_INTERVAL_MS,
                "stats_cb": self._on_statistics,
                "log_level": 3,
            }
        )

    def assign(self, positions: Mapping[TopicPartitionKey, int | None]) -> None:
        """Read from these offsets; None: the committed one, or the start of the log."""
        missing = [self._partition(key) for key, offset in positions.items() if offset is None]
        committed = {
            (found.topic, found.partition): found.offset
            for found in (self._committed(missing) if missing else [])
        }
        assignment = []
        for key, offset in positions.items():
            partition = self._partition(key)
            if offset is None:
                offset = max(committed[partition.topic, partition.partition], -1)  # noqa: PLW2901
            low, high = self._watermarks(partition)
            if not low <= offset <= high and offset != -1:
                raise BrokerError(
                    f"{key[0]}[{key[1]}]: the reader stands at offset {offset}, the log holds {low} to "
                    f"{high}; it was recreated or trimmed: reset this reader's state"
                )
            partition.offset = low if offset == -1 else offset
            assignment.append(partition)
            self._next[key] = partition.offset
        self._next = {key: self._next[key] for key in positions}
        self._consumer.assign(assignment)

    def poll(self, limit: int, timeout_s: float) -> list[Received]:
        """Return up to ``limit`` messages; waits ``timeout_s`` for the first, then takes what is there."""
        first = self._consumer.poll(timeout_s)
        if first is None:
            if timeout_s > 0 and self._gives_up():
                raise StoppedError("stopped while waiting for messages")
            return []
        messages = [first, *self._consumer.consume(limit - 1, 0)]
        found = [self._received(message) for message in messages if not _is_transient(message)]
        for item in found:
            self._next[item.topic, item.partition] = item.offset + 1
        return found

    def pause(self, keys: Iterable[TopicPartitionKey]) -> None:
        """Stop fetching from these partitions."""
        self._consumer.pause([self._partition(key) for key in keys])

    def resume(self, keys: Iterable[TopicPartitionKey]) -> None:
        """Fetch from these partitions again."""
        self._consumer.resume([self._partition(key) for key in keys])

    def commit(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Store these offsets for the group, and wait until they are.

        Raises
        ------
        BrokerError
            If they are refused, or Kafka is away for longer than a send may take.
        StoppedError
            If they are not stored yet and ``gives_up``.
        """
        offsets = [
            TopicPartition(self._prefix + topic, number, offset)
            for (topic, number), offset in positions.items()
        ]
        keep = self._retried_while(_is_away, DELIVERY_TIMEOUT_MS / 1000)(self._consumer.commit)
        try:
            self._answer_of(lambda: keep(offsets=offsets, asynchronous=False))
        except KafkaException as error:
            raise BrokerError(f"offsets could not be committed: {error}") from error

    def bounds(self, keys: Sequence[TopicPartitionKey]) -> dict[TopicPartitionKey, tuple[int, int]]:
        """Return, per partition, the first offset that is kept and the one after the last."""
        return {key: self._watermarks(self._partition(key)) for key in keys}

    def missing(self, topics: Iterable[str]) -> tuple[str, ...]:
        """Return which of these topics are not there, or not for this account to see.

        Raises
        ------
        BrokerError
            If Kafka does not answer within a moment.
        """
        try:
            known = self._consumer.list_topics(timeout=ATTEMPT_S).topics
        except KafkaException as error:
            raise BrokerError(f"Kafka does not answer: {error.args[0].str()}") from error
        return tuple(name for name in topics if self._prefix + name not in known)

    def standing(self) -> Standing:
        """Return how the reader stands, from what the client knows already."""
        unread: dict[str, int] = {}
        for key, position in self._next.items():
            _, high = self._consumer.get_watermark_offsets(self._partition(key), cached=True)
            unread[key[0]] = unread.get(key[0], 0) + max(high - position, 0)
        return Standing(unread, self._brokers_connected)

    def behind(self, keys: Sequence[TopicPartitionKey]) -> int:
        """Return how many messages of these partitions the group has not committed yet."""
        partitions = [self._partition(key) for key in keys]
        bounds = self.bounds(keys)
        behind = 0
        for key, found in zip(keys, self._committed(partitions), strict=True):
            low, high = bounds[key]
            behind += high - max(found.offset, low)
        return behind

    def close(self) -> None:
        """Leave the group and release the connection.

        Not where an answer was given up: the client waits for it in here, up to a minute. It then ends
        with the process.
        """
        if not self._is_left_waiting:
            self._consumer.close()

    def _on_statistics(self, text: str) -> None:
        brokers = msgspec.json.decode(text, type=_Statistics).brokers.values()
        # A logical one is a second name of a broker that stands there already.
        self._brokers_connected = sum(
            broker.state == "UP" and broker.source != "logical" for broker in brokers
        )

    def _committed(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        # A broker that has just started refuses until it has loaded the groups' offsets.
        ask = self._retried_while(_is_coordinator_starting, 30.0)(self._consumer.committed)
        return self._answer_of(lambda: ask(partitions, timeout=30))

    def _watermarks(self, partition: TopicPartition) -> tuple[int, int]:
        # A partition has no leader for a moment while a broker restarts.
        ask = self._retried_while(_is_any, 30.0)(self._consumer.get_watermark_offsets)
        try:
            low, high = self._answer_of(lambda: ask(partition, timeout=30))
        except KafkaException as error:
            raise BrokerError(
                f"{partition.topic}[{partition.partition}]: expected its first and last offset, saw "
                f"{error}; is the topic there? `alphaline topics` makes those that are missing"
            ) from error
        return low, high

    def _retried_while(
        self, passes: Callable[[Exception], bool], timeout_s: float
    ) -> Callable[[Any], Any]:
        return stamina.retry(
            on=lambda error: passes(error) and not self._gives_up(),
            attempts=None,
            timeout=timeout_s,
            wait_initial=0.05,
            wait_max=0.5,
        )

    def _answer_of(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return answer_of(ask, self._gives_up)
        except StoppedError:
            self._is_left_waiting = True
            raise

    def _partition(self, key: TopicPartitionKey) -> TopicPartition:
        return TopicPartition(self._prefix + key[0], key[1])

    def _received(self, message: Message) -> Received:
        topic = message.topic() or ""
        return Received(
            topic[len(self._prefix) :],
            message.partition() or 0,
            message.offset() or 0,
            _bytes(message.key()),
            _bytes(message.value()),
            message.timestamp()[1],
        )


class _BrokerState(msgspec.Struct):
    state: str
    source: str


class _Statistics(msgspec.Struct):
    """What is read of the client's statistics."""

    brokers: dict[str, _BrokerState] = {}


def read_to_end(
    subscription: Subscription, keys: Sequence[TopicPartitionKey], last: int | None = None
) -> list[Received]:
    """Return what stands in these partitions at the time of the call, in offset order per partition.

    ``last`` limits it to the last so many offsets of each partition. Assigns the subscription.
    """
    bounds = {key: span for key, span in subscription.bounds(keys).items() if span[0] < span[1]}
    starts = {
        key: low if last is None else max(high - last, low) for key, (low, high) in bounds.items()
    }
    subscription.assign(starts)
    found: list[Received] = []
    waiting = set(bounds)
    silent_polls = 0
    while waiting and silent_polls < READ_TO_END_SILENT_POLLS:
        batch = subscription.poll(5_000, 1.0)
        silent_polls = 0 if batch else silent_polls + 1
        found += batch
        waiting -= {
            (item.topic, item.partition)
            for item in batch
            if item.offset + 1 >= bounds[item.topic, item.partition][1]
        }
    if waiting:
        raise BrokerError(
            f"{sorted(waiting)}: the broker stopped answering before the end of the log"
        )
    return found


def _is_any(error: Exception) -> bool:
    return isinstance(error, KafkaException)


def _is_coordinator_starting(error: Exception) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in (
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    )


def _is_away(error: Exception) -> bool:
    return _is_coordinator_starting(error) or (
        isinstance(error, KafkaException)
        and error.args[0].code()
        in (
            KafkaError._TIMED_OUT,
            KafkaError._TRANSPORT,
            KafkaError._WAIT_COORD,
            KafkaError._ALL_BROKERS_DOWN,
            KafkaError.REQUEST_TIMED_OUT,
            KafkaError.NETWORK_EXCEPTION,
        )
    )


def _is_transient(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.fatal() or error.code() in (
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError._AUTO_OFFSET_RESET,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        # A right that was taken away comes back by itself as little as a topic does.
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    ):
        raise BrokerError(f"{message.topic()}: {error.str()}")
    return True


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
