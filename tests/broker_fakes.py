"""A broker in memory that keeps the promises of the messaging port: hand-written, for unit tests."""

from collections.abc import Iterable, Mapping, Sequence

from alphaline.messages import Message, decode, encode
from alphaline.runtime.messaging import Outgoing, Received, Standing, TopicPartitionKey


class MemoryBroker:
    """Logs by (topic, partition); what is committed survives the readers."""

    def __init__(self, batch: int = 1_000) -> None:
        self.logs: dict[TopicPartitionKey, list[Received]] = {}
        self.committed: dict[TopicPartitionKey, int] = {}
        self.batch = batch
        self.stamp_ms = 0

    def append(self, topic: str, partition: int, value: bytes | None, key: str = "k") -> None:
        """Put bytes at the end of a log."""
        log = self.logs.setdefault((topic, partition), [])
        log.append(Received(topic, partition, len(log), key.encode(), value, self.stamp_ms))

    def put(self, topic: str, partition: int, messages: Iterable[Message]) -> None:
        """Put messages at the end of a log, keyed by instrument as every publisher does."""
        for message in messages:
            self.append(topic, partition, encode(message), getattr(message, "instrument", "clock"))

    def messages(self, topic: str, partition: int = 0) -> list[Message]:
        """Return what stands in a partition, decoded."""
        return [decode(topic, item.value) for item in self.logs.get((topic, partition), [])]

    def values(self, topic: str, partition: int = 0) -> list[bytes | None]:
        """Return the bytes of a partition."""
        return [item.value for item in self.logs.get((topic, partition), [])]


class MemorySubscription:
    """Reads a ``MemoryBroker``, a bounded number of messages of each partition at a time."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._next: dict[TopicPartitionKey, int] = {}
        self.paused: set[TopicPartitionKey] = set()
        self.pauses = 0
        self.polls_without_a_message = 0

    def assign(self, positions: Mapping[TopicPartitionKey, int | None]) -> None:
        """Read from these offsets; None: the committed one, or the start."""
        self._next = {
            key: self._broker.committed.get(key, 0) if offset is None else offset
            for key, offset in positions.items()
        }

    def poll(self, limit: int, timeout_s: float) -> list[Received]:  # noqa: ARG002
        """Return the next messages, partition by partition."""
        found: list[Received] = []
        for key, position in self._next.items():
            if key not in self.paused:
                log = self._broker.logs.get(key, [])
                found += log[position : position + min(self._broker.batch, limit)]
                self._next[key] = min(position + self._broker.batch, len(log))
        self.polls_without_a_message += not found
        return found

    def pause(self, keys: Iterable[TopicPartitionKey]) -> None:
        """Stop reading these."""
        self.paused |= set(keys)
        self.pauses += 1

    def resume(self, keys: Iterable[TopicPartitionKey]) -> None:
        """Read these again."""
        self.paused -= set(keys)

    def commit(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Keep these offsets."""
        self._broker.committed.update(positions)

    def bounds(self, keys: Sequence[TopicPartitionKey]) -> dict[TopicPartitionKey, tuple[int, int]]:
        """Return first offset and end of each log."""
        return {key: (0, len(self._broker.logs.get(key, []))) for key in keys}

    def missing(self, topics: Iterable[str]) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: a log comes into being where it is written."""
        return ()

    def standing(self) -> Standing:
        """Return what each log still holds behind the reader."""
        unread: dict[str, int] = {}
        for (topic, partition), position in self._next.items():
            left = len(self._broker.logs.get((topic, partition), [])) - position
            unread[topic] = unread.get(topic, 0) + left
        return Standing(unread, 1)

    def close(self) -> None:
        """Forget nothing: the broker stays."""


class MemoryPublisher:
    """Appends to a ``MemoryBroker`` at once, and remembers what was sent since the last flush."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self.unflushed = 0

    def send(self, outgoing: Outgoing) -> None:
        """Append a value."""
        partition = 0 if outgoing.partition is None else outgoing.partition
        self._broker.append(outgoing.topic, partition, encode(outgoing.value), outgoing.key)
        self.unflushed += 1

    def flush(self) -> None:
        """Acknowledge."""
        self.unflushed = 0
