"""Single messages of the line's topics, found by what names them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from alphaline.cli.reach import Reach
from alphaline.errors import LineError, MessageError
from alphaline.messages import FeatureVector, Message, SignalApproved, SignalDenied, decode
from alphaline.runtime.messaging import (
    KafkaSubscription,
    Received,
    TopicPartitionKey,
    read_to_end,
)

SIGNALS = ("signals.approved.v1", "signals.denied.v1")
VECTORS = "features.vectors.v1"
# Shorter beginnings of an id are too likely to name several.
SHORTEST_PREFIX = 6
# Polls of a second without the record; the broker answered a moment ago.
PATIENCE_POLLS = 10


class Found(NamedTuple):
    """A message with its bytes and the place where it stands."""

    topic: str
    partition: int
    offset: int
    message: Message
    raw: bytes


def find_signal(subscription: KafkaSubscription, line: Reach, decision_id: str) -> Found:
    """Return the first record of a signal; the beginning of its id is enough where it names one.

    Raises
    ------
    LineError
        If no signal, or more than one, has such an id.
    """
    if len(decision_id) < SHORTEST_PREFIX:
        raise LineError(
            f"expected at least {SHORTEST_PREFIX} characters of a decision id, saw {decision_id!r}; "
            "`alphaline signals tail` lists them"
        )
    keys = [key for topic in SIGNALS for key in line.keys(topic)]

    def is_wanted(message: Message) -> bool:
        if not isinstance(message, SignalApproved | SignalDenied):
            return False
        return message.decision_id.startswith(decision_id)

    found = _matching(subscription, keys, is_wanted)
    ids = {one.message.decision_id for one in found if hasattr(one.message, "decision_id")}
    if len(ids) != 1:
        seen = "none" if not ids else f"{len(ids)}: {', '.join(sorted(ids)[:5])}"
        raise LineError(
            f"expected one signal with an id that begins with {decision_id!r} on "
            f"{' and '.join(SIGNALS)}, saw {seen}; `alphaline signals tail` lists the latest"
        )
    return found[0]


def find_vector(
    subscription: KafkaSubscription, partition: int, instrument: str, ts_event: int
) -> Found | None:
    """Return the feature vector of a bar as it stands on its topic, None where it is gone."""

    def is_wanted(message: Message) -> bool:
        return (
            isinstance(message, FeatureVector)
            and message.instrument == instrument
            and message.ts_event == ts_event
        )

    found = _matching(subscription, [(VECTORS, partition)], is_wanted)
    return found[0] if found else None


def read_record(
    subscription: KafkaSubscription, key: TopicPartitionKey, offset: int
) -> Received | None:
    """Return the record at one offset, None where the log does not hold it any more."""
    low, high = subscription.bounds([key])[key]
    if not low <= offset < high:
        return None
    subscription.assign({key: offset})
    for _ in range(PATIENCE_POLLS):
        for item in subscription.poll(1, 1.0):
            return item if item.offset == offset else None
    return None


def _matching(
    subscription: KafkaSubscription,
    keys: Sequence[TopicPartitionKey],
    is_wanted: Callable[[Message], bool],
) -> list[Found]:
    found = []
    for item in read_to_end(subscription, keys):
        try:
            message = decode(item.topic, item.value)
        except MessageError:
            continue
        if is_wanted(message):
            found.append(Found(item.topic, item.partition, item.offset, message, item.value or b""))
    return sorted(found, key=lambda one: (one.topic, one.partition, one.offset))
