import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, Producer
from kafka.admin import KafkaAdminClient
from typer.testing import CliRunner

from alphaline.cli.topics import app
from alphaline.errors import BrokerError
from alphaline.runtime.ports import free_port
from alphaline.runtime.topics import DECLARED, Topics


def partition_counts(kafka: str, topics: Topics) -> dict[str, int]:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        described = admin.describe_topics(list(topics.names()))
        return {topic["name"]: len(topic["partitions"]) for topic in described}
    finally:
        admin.close()


def test_the_topics_have_the_declared_partitions(kafka: str, topics: Topics) -> None:
    expected = {topics.on_cluster(topic.name): topics.partitions(topic.name) for topic in DECLARED}
    assert partition_counts(kafka, topics) == expected


def test_creating_twice_changes_nothing(kafka: str, topics: Topics) -> None:
    before = partition_counts(kafka, topics)
    assert topics.create(kafka) == ()
    assert partition_counts(kafka, topics) == before


def test_processes_that_create_at_the_same_time_do_not_disturb_each_other(
    kafka: str, topics: Topics
) -> None:
    topics.delete(kafka)
    with ThreadPoolExecutor(3) as pool:
        created = list(pool.map(topics.create, [kafka] * 3))
    assert sorted(name for names in created for name in names) == sorted(topics.names())


def test_another_partition_count_is_refused_and_nothing_is_created(
    kafka: str, topics: Topics
) -> None:
    other = Topics(topics.prefix, topics.line_partitions + 1)
    name = topics.on_cluster("market.bars.v1")
    with pytest.raises(BrokerError, match=f"{name} has 2 partitions, expected 3"):
        other.create(kafka)
    assert partition_counts(kafka, topics)[name] == 2


def test_two_environments_on_one_cluster_do_not_meet(kafka: str, topics: Topics) -> None:
    neighbour = Topics(prefix=f"{topics.prefix}neighbour.")
    neighbour.create(kafka)
    neighbour.delete(kafka)
    assert len(partition_counts(kafka, topics)) == len(DECLARED)


def test_the_command_creates_what_is_missing_and_says_so(kafka: str, topics: Topics) -> None:
    topics.delete(kafka)
    command = ["--bootstrap-servers", kafka, "--topic-prefix", topics.prefix, "--json"]
    first, second = (CliRunner().invoke(app, command) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert sorted(json.loads(first.output)["created"]) == sorted(topics.names())
    assert json.loads(second.output)["created"] == []
    assert partition_counts(kafka, topics) == json.loads(second.output)["partitions"]


def test_recorded_data_of_past_years_is_stamped_with_its_append(kafka: str, topics: Topics) -> None:
    topic = topics.on_cluster("market.bars.v1")
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 0})
    producer.produce(topic, b"{}", timestamp=1_300_000_000_000)
    assert producer.flush(30) == 0
    settings = {"bootstrap.servers": kafka, "group.id": topic, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    kind, stamp = message.timestamp()
    assert kind == TIMESTAMP_LOG_APPEND_TIME
    assert stamp > 1_300_000_000_000


def test_a_snapshot_of_many_instruments_fits_into_one_record(kafka: str, topics: Topics) -> None:
    producer = Producer({"bootstrap.servers": kafka, "message.max.bytes": 16_000_000})
    failures: list[object] = []
    producer.produce(
        topics.on_cluster("features.state.v1"),
        b"x" * 8_000_000,
        key=b"0",
        on_delivery=lambda error, _message: failures.append(error),
    )
    assert producer.flush(30) == 0
    assert failures == [None]


def test_a_cluster_that_does_not_answer_is_a_broker_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alphaline.runtime.topics.ANSWER_TIMEOUT_S", 0.5)
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(BrokerError, match=address):
        Topics().create(address)
