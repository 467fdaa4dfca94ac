"""Runs in a pod of the line and answers questions about its topics, a JSON object a line.

Its source is handed to the pod's interpreter: it may import what the images hold, nothing of ``ci``.
"""

import base64
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alphaline.runtime import determinism

determinism.apply()

from confluent_kafka import KafkaException  # noqa: E402

from alphaline.errors import BrokerError  # noqa: E402
from alphaline.features import Engine, feature_set  # noqa: E402
from alphaline.messages import Clock, decode  # noqa: E402
from alphaline.runtime.messaging import KafkaSubscription, Received, read_to_end  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.topics import Topics  # noqa: E402

# The last clock record of a partition stands at its end or just before what a restart repeated.
TAIL_MESSAGES = 200

BOOTSTRAP = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
TOPICS = Topics(os.environ["ALPHALINE_TOPIC_PREFIX"], int(os.environ["ALPHALINE_PARTITION_COUNT"]))


def keys(topic: str) -> list[tuple[str, int]]:
    """Return the partitions of a topic."""
    return [(topic, number) for number in range(TOPICS.partitions(topic))]


def messages(looker: KafkaSubscription, topic: str) -> Iterator[dict[str, Any]]:
    """Yield what stands on a topic, without clock records, by partition and offset."""
    found = read_to_end(looker, keys(topic))
    for item in sorted(found, key=lambda item: (item.partition, item.offset)):
        if not isinstance(decode(topic, item.value), Clock):
            yield _told(item)


def _told(item: Received) -> dict[str, Any]:
    value = base64.b64encode(item.value or b"").decode()
    return {"at": [item.partition, item.offset, item.timestamp_ms], "value": value}


def line_time(looker: KafkaSubscription, topic: str) -> int:
    """Return the lowest last clock record over a topic's partitions, 0 where one has none."""
    last = dict.fromkeys(keys(topic), 0)
    for item in read_to_end(looker, keys(topic), TAIL_MESSAGES):
        message = decode(topic, item.value)
        if isinstance(message, Clock):
            last[item.topic, item.partition] = message.ts
    return min(last.values())


def behind(group: str, topics: list[str]) -> int:
    """Return how many messages a group has not committed yet."""
    subscription = KafkaSubscription(BOOTSTRAP, group, TOPICS.prefix)
    try:
        return subscription.behind([key for topic in topics for key in keys(topic)])
    finally:
        subscription.close()


def engine() -> dict[str, str]:
    """Return what this image's engine fingerprint is made of."""
    reference = ReferenceData(Path(os.environ["ALPHALINE_REFERENCE_ROOT"]))
    version = Engine(feature_set(os.environ["FEATURE_SET"]), reference.sessions).operator_version
    return determinism.engine(version)


def answers(looker: KafkaSubscription, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the lines of one answer; the last one says that it is the last."""
    try:
        match asked["ask"]:
            case "messages":
                yield from messages(looker, asked["topic"])
                yield {"end": True}
            case "line_time":
                yield {"end": True, "value": line_time(looker, asked["topic"])}
            case "behind":
                yield {"end": True, "value": behind(asked["group"], asked["topics"])}
            case "engine":
                yield {"end": True, "value": engine()}
    except (KafkaException, BrokerError) as error:
        yield {"end": True, "away": str(error)}


def main() -> None:
    """Answer until the input ends."""
    output = sys.stdout
    # A client that asks again while a broker is away logs that, which structlog prints where answers belong.
    sys.stdout = sys.stderr
    looker = KafkaSubscription(BOOTSTRAP, "cluster-check", TOPICS.prefix)
    for line in sys.stdin:
        for told in answers(looker, json.loads(line)):
            output.write(json.dumps(told) + "\n")
        output.flush()


if __name__ == "__main__":
    main()
