"""How far a running line has come, as its topics say."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from confluent_kafka import KafkaException

from alphaline.cli.progress import Progress
from alphaline.errors import BrokerError, LineError
from alphaline.messages import Clock, decode
from alphaline.runtime.messaging import (
    KafkaSubscription,
    Received,
    TopicPartitionKey,
    read_to_end,
)
from alphaline.runtime.supervision.supervised_line import SupervisedLine
from alphaline.runtime.topics import Topics

# The last clock record of a partition stands at its end or just before what a restart repeated.
TAIL_MESSAGES = 200
# Line time must move within this: a killed part is back after some twenty seconds of compiling.
STUCK_AFTER_S = 120.0
POLL_S = 0.3


class LineWatch:
    """Reads the topics of a line that is up."""

    def __init__(self, supervised: SupervisedLine, progress: Progress) -> None:
        self._supervised = supervised
        self._progress = progress
        line = supervised.line()
        self._bootstrap = line.bootstrap_servers
        self._topics = Topics(line.topic_prefix)
        self.subscription = KafkaSubscription(self._bootstrap, "watch", line.topic_prefix)

    @property
    def partition_count(self) -> int:
        """Partitions of every topic of the line."""
        return self._topics.line_partitions

    def received(self, topic: str, last: int | None = None) -> list[Received]:
        """Return what stands on a topic, by partition and offset; ``last`` limits each partition."""
        found = read_to_end(self.subscription, self._keys(topic), last)
        return sorted(found, key=lambda item: (item.partition, item.offset))

    def line_time(self, topic: str) -> int:
        """Return the lowest last clock record over a topic's partitions, 0 where one has none."""
        reached = dict.fromkeys(self._keys(topic), 0)
        for item in self.received(topic, TAIL_MESSAGES):
            message = decode(topic, item.value)
            if isinstance(message, Clock):
                reached[topic, item.partition] = message.ts
        return min(reached.values())

    def wait_for_line_time(self, topic: str, ts: int, what: str) -> None:
        """Return once every partition of ``topic`` has reached the clock record ``ts``.

        Raises
        ------
        LineError
            If a part has failed, or line time stands still too long.
        """
        self._until_moved(
            lambda: self.line_time(topic),
            lambda reached: reached >= ts,
            lambda reached: f"{what}: the line is at {_instant(reached)} of {_instant(ts)}",
        )

    def wait_for_sink(self, group: str, topics: Iterable[str]) -> None:
        """Return once a sink has committed everything that stands on ``topics``; errors as above."""
        keys = [key for topic in topics for key in self._keys(topic)]
        subscription = KafkaSubscription(self._bootstrap, group, self._topics.prefix)
        try:
            self._until_moved(
                lambda: -subscription.behind(keys),
                lambda behind: behind == 0,
                lambda behind: f"{group}: {-behind} records to write",
            )
        finally:
            subscription.close()

    def close(self) -> None:
        """Release the connection."""
        self.subscription.close()

    def _keys(self, topic: str) -> list[TopicPartitionKey]:
        return [(topic, number) for number in range(self._topics.partitions(topic))]

    def _until_moved(
        self,
        look: Callable[[], int],
        is_reached: Callable[[int], bool],
        told: Callable[[int], str],
    ) -> None:
        seen: int | None = None
        since = time.monotonic()
        while seen is None or not is_reached(seen):
            self._demand_alive()
            time.sleep(POLL_S)
            found = _unless_away(look)
            if found is not None and found != seen:
                seen, since = found, time.monotonic()
            if time.monotonic() - since > STUCK_AFTER_S:
                raise LineError(
                    f"{_said(told, seen)}; it has stood still for {STUCK_AFTER_S:.0f} s. `alphaline logs` "
                    f"shows what the parts say, or look into {self._supervised.where.logs}"
                )
            self._progress.going(_said(told, seen))

    def _demand_alive(self) -> None:
        for state in self._supervised.states().values():
            if state.state == "fatal":
                tail = "\n".join(self._supervised.tail(state.name))
                raise LineError(f"{state.name} ended again and again; its log ends with:\n{tail}")


def _unless_away(look: Callable[[], int]) -> int | None:
    # A broker that got no processor for two seconds leads nothing for a moment.
    try:
        return look()
    except (KafkaException, BrokerError):
        return None


def _said(told: Callable[[int], str], seen: int | None) -> str:
    return "the broker does not answer" if seen is None else told(seen)


def _instant(ts: int) -> str:
    return f"{datetime.fromtimestamp(ts / 1e9, UTC):%Y-%m-%d %H:%M}" if ts else "its start"
