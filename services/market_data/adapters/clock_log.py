"""Where the clock of the line stands, read from the topics themselves."""

from collections.abc import Sequence

from alphaline.errors import MessageError
from alphaline.messages import Clock, decode
from alphaline.runtime.messaging import Subscription, TopicPartitionKey, read_to_end

# A crash leaves at most one minute of bars behind the last clock record: a few thousand messages.
TAIL_MESSAGES = 5_000


class KafkaClockLog:
    """Reads the tail of every partition of ``market.*``."""

    def __init__(self, subscription: Subscription, keys: Sequence[TopicPartitionKey]) -> None:
        self._subscription = subscription
        self._keys = keys

    def last_clock(self) -> int:
        """Return the lowest last clock record over all partitions; 0 in a new log."""
        last = dict.fromkeys(self._keys, 0)
        for item in read_to_end(self._subscription, self._keys, TAIL_MESSAGES):
            try:
                message = decode(item.topic, item.value)
            except MessageError:
                continue  # malformed bars are the readers' business
            if isinstance(message, Clock):
                key = item.topic, item.partition
                last[key] = max(last[key], message.ts)
        return min(last.values())
