"""How far a line has come, read from the clock records of its own topics."""

from collections.abc import Sequence

from alphaline.errors import MessageError
from alphaline.messages import Clock, decode
from alphaline.runtime.messaging import Subscription, TopicPartitionKey, read_to_end

# A crash leaves at most one minute of records behind the last clock record: a few thousand.
TAIL_MESSAGES = 5_000


def last_clock(subscription: Subscription, keys: Sequence[TopicPartitionKey]) -> int:
    """Return the lowest last clock record over these partitions; 0 where one has none."""
    last = dict.fromkeys(keys, 0)
    for item in read_to_end(subscription, keys, TAIL_MESSAGES):
        try:
            message = decode(item.topic, item.value)
        except MessageError:
            continue  # malformed records are the readers' business
        if isinstance(message, Clock):
            key = item.topic, item.partition
            last[key] = max(last[key], message.ts)
    return min(last.values())
