"""Where the clock of the line stands, read from the topics themselves."""

from collections.abc import Sequence

from alphaline.runtime.line_clock import last_clock
from alphaline.runtime.messaging import Subscription, TopicPartitionKey


class KafkaClockLog:
    """Reads the tail of every partition of ``market.*``."""

    def __init__(self, subscription: Subscription, keys: Sequence[TopicPartitionKey]) -> None:
        self._subscription = subscription
        self._keys = keys

    def last_clock(self) -> int:
        """Return the lowest last clock record over all partitions; 0 in a new log."""
        return last_clock(self._subscription, self._keys)
