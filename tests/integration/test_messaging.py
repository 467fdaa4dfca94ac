"""The messaging port over a real broker."""

from collections.abc import Iterator

import pytest
from kafka.partitioner.default import murmur2

from alphaline.errors import BrokerError
from alphaline.messages import decode
from alphaline.runtime.messaging import (
    KafkaPublisher,
    KafkaSubscription,
    Outgoing,
    Received,
    read_to_end,
)
from alphaline.runtime.topics import Topics
from tests.line_values import BARS, bar, clock, start
from tests.waiting import eventually

KEYS = [(BARS, 0), (BARS, 1)]
SPY = "eq.us.spy"
HOME = (murmur2(SPY.encode()) & 0x7FFFFFFF) % 2


@pytest.fixture
def publisher(kafka: str, topics: Topics) -> KafkaPublisher:
    return KafkaPublisher(kafka, "tests", topics.prefix)


@pytest.fixture
def subscription(
    kafka: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KafkaSubscription]:
    monkeypatch.setattr("alphaline.runtime.messaging.STATISTICS_INTERVAL_MS", 200)
    opened = KafkaSubscription(kafka, "readers", topics.prefix)
    yield opened
    opened.close()


def polled(subscription: KafkaSubscription, count: int) -> list[Received]:
    found: list[Received] = []

    def has_all() -> bool:
        found.extend(subscription.poll(100, 0.2))
        return len(found) >= count

    assert eventually(has_all)
    return found


def test_a_key_is_in_the_partition_that_every_client_of_kafka_gives_it(
    publisher: KafkaPublisher, subscription: KafkaSubscription
) -> None:
    for instrument in (SPY, "eq.us.aapl", "eq.us.ibm", "eq.us.msft"):
        publisher.send(Outgoing(BARS, instrument, bar(0, instrument)))
    publisher.flush()
    for item in read_to_end(subscription, KEYS):
        assert item.key is not None
        assert item.partition == (murmur2(item.key) & 0x7FFFFFFF) % 2
        assert decode(item.topic, item.value) == bar(0, item.key.decode())


def test_reading_goes_on_at_the_committed_offset_and_at_a_given_one(
    kafka: str, topics: Topics, publisher: KafkaPublisher, subscription: KafkaSubscription
) -> None:
    for message in (start(0), clock(1), clock(2)):
        publisher.send(Outgoing(BARS, "clock", message, 0))
    publisher.flush()
    subscription.assign({(BARS, 0): None})
    assert [item.offset for item in polled(subscription, 3)] == [0, 1, 2]
    subscription.commit({(BARS, 0): 2})
    assert subscription.behind([(BARS, 0)]) == 1
    again = KafkaSubscription(kafka, "readers", topics.prefix)
    again.assign({(BARS, 0): None})
    assert [item.offset for item in polled(again, 1)] == [2]
    again.assign({(BARS, 0): 1})
    assert [item.offset for item in polled(again, 2)] == [1, 2]
    assert again.bounds(KEYS) == {(BARS, 0): (0, 3), (BARS, 1): (0, 0)}
    again.close()


def test_a_reader_beyond_the_log_is_told_that_the_topic_was_made_again(
    subscription: KafkaSubscription,
) -> None:
    with pytest.raises(BrokerError, match=r"market\.bars\.v1\[0\].*recreated or trimmed"):
        subscription.assign({(BARS, 0): 17})


def test_a_paused_partition_is_not_read_until_it_is_resumed(
    publisher: KafkaPublisher, subscription: KafkaSubscription
) -> None:
    subscription.assign({(BARS, 0): 0, (BARS, 1): 0})
    subscription.pause([(BARS, 0)])
    for partition in (0, 1):
        publisher.send(Outgoing(BARS, "clock", start(0), partition))
    publisher.flush()
    assert [item.partition for item in polled(subscription, 1)] == [1]
    assert subscription.poll(100, 0.3) == []
    subscription.resume([(BARS, 0)])
    assert [item.partition for item in polled(subscription, 1)] == [0]


def test_the_tail_of_a_log_can_be_read_alone(
    publisher: KafkaPublisher, subscription: KafkaSubscription
) -> None:
    for minute in range(1, 9):
        publisher.send(Outgoing(BARS, "clock", clock(minute), 0))
    publisher.flush()
    assert [item.offset for item in read_to_end(subscription, KEYS, last=3)] == [5, 6, 7]
    assert read_to_end(subscription, [(BARS, 1)]) == []


def test_a_message_that_the_broker_refuses_is_a_fault_and_not_silence(
    publisher: KafkaPublisher,
) -> None:
    publisher.send_bytes(BARS, SPY, b"x" * 3_000_000, HOME)
    with pytest.raises(BrokerError, match="could not be delivered"):
        publisher.flush()


def test_nothing_is_sent_after_a_message_that_was_lost(
    publisher: KafkaPublisher, subscription: KafkaSubscription
) -> None:
    publisher.send_bytes(BARS, SPY, b"x" * 3_000_000, HOME)
    with pytest.raises(BrokerError):
        publisher.flush()
    with pytest.raises(BrokerError, match="could not be delivered"):
        publisher.send(Outgoing(BARS, "clock", start(0), HOME))
    assert read_to_end(subscription, KEYS) == []


def test_a_reader_knows_what_it_has_not_read_and_its_brokers(
    publisher: KafkaPublisher, subscription: KafkaSubscription
) -> None:
    for minute in range(1, 9):
        publisher.send(Outgoing(BARS, "clock", clock(minute), 0))
    publisher.flush()
    subscription.assign({(BARS, 0): 0, (BARS, 1): 0})
    assert len(subscription.poll(3, 10)) == 3
    assert subscription.standing().unread == {BARS: 5}
    polled(subscription, 5)
    assert subscription.standing().unread == {BARS: 0}

    def is_connected() -> bool:
        subscription.poll(1, 0.2)
        return subscription.standing().brokers_connected == 1

    assert eventually(is_connected)
