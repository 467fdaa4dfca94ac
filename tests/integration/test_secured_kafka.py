"""Every client of the line over TLS, at a real broker that knows who may do what."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from pydantic import SecretStr

from alphaline.errors import BrokerError
from alphaline.runtime.cluster import answers
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.messaging import KafkaPublisher, KafkaSubscription, Outgoing, read_to_end
from alphaline.runtime.topic_rights import Rights, rights_of
from alphaline.runtime.topics import Topics
from ci.certificates import DAY
from tests.certificates import Authority
from tests.closed_publisher import closed_at_the_end
from tests.line_values import BARS, bar
from tests.secured_broker import SecuredBroker, by_certificate, secured_broker
from tests.waiting import eventually

pytestmark = pytest.mark.kafka

SPY = "eq.us.spy"
DECLARED = Topics()
# Of the whole way in.
WELCOME_MS = 60_000
REFUSAL_MS = 2_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    with secured_broker(tmp_path_factory.mktemp("secured")) as started:
        created = DECLARED.create(started.tls, started.admin)
        assert set(created) == set(DECLARED.names())
        for service in ("market_data", "lake_sink", "gateway"):
            started.allow(rights_of(service))
        yield started


@pytest.fixture(scope="module")
def apart() -> Iterator[Executor]:
    """Another process: where kafka-python is not let in, it leaves its thread and sockets behind."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        yield process


def published(server: str, security: KafkaSecurity, topic: str = BARS) -> None:
    with closed_at_the_end(KafkaPublisher(server, "tests", security=security)) as publisher:
        publisher.send(Outgoing(topic, SPY, bar(0, SPY), 0))
        publisher.flush()


def read(server: str, security: KafkaSecurity, group: str) -> int:
    subscription = KafkaSubscription(server, group, security=security)
    try:
        found = len(read_to_end(subscription, [(BARS, 0)]))
        subscription.assign({(BARS, 0): None})
        subscription.commit({(BARS, 0): found})
    finally:
        subscription.close()
    return found


def partitions_seen_by_kafka_python(
    server: str, security: KafkaSecurity, patience_ms: int = WELCOME_MS
) -> int:
    admin = KafkaAdminClient(
        bootstrap_servers=server, bootstrap_timeout_ms=patience_ms, **security.kafka_python()
    )
    try:
        return len(admin.describe_topics([BARS])[0]["partitions"])
    finally:
        admin.close()


def is_refused_by_kafka_python(server: str, security: KafkaSecurity) -> bool:
    try:
        partitions_seen_by_kafka_python(server, security, REFUSAL_MS)
    except KafkaError:
        return True
    return False


def is_refused_as(name: str, server: str, security: KafkaSecurity) -> bool:
    """Return whether a client of confluent-kafka meets the fault ``name``."""
    seen: list[str] = []
    client = AdminClient(
        {
            "bootstrap.servers": server,
            "error_cb": lambda error: seen.append(error.name()),
            "log_level": 0,
            **security.confluent(),
        }
    )

    def is_met() -> bool:
        client.poll(0.05)
        return name in seen

    return eventually(is_met, 10)


def test_a_service_does_what_its_rights_say(broker: SecuredBroker) -> None:
    assert answers(broker.tls, 1.0, broker.client("gateway"))
    published(broker.tls, broker.client("market_data"))
    assert read(broker.tls, broker.client("lake_sink"), "lake_sink") >= 1
    assert partitions_seen_by_kafka_python(broker.tls, broker.client("lake_sink")) == 2


def test_a_sink_that_sends_nothing_needs_no_right_to_write(broker: SecuredBroker) -> None:
    KafkaPublisher(broker.tls, "lake_sink", security=broker.client("lake_sink")).flush()


def test_a_reader_may_not_write(broker: SecuredBroker) -> None:
    with pytest.raises(BrokerError, match="uthoriz"):
        published(broker.tls, broker.client("lake_sink"))


def test_a_reader_whose_right_is_taken_away_ends(broker: SecuredBroker) -> None:
    broker.allow(Rights(service="leaver", reads=(BARS,), groups=("leaver",)))
    subscription = KafkaSubscription(broker.tls, "leaver", security=broker.client("leaver"))
    subscription.assign({(BARS, 0): None})
    subscription.poll(1, 1.0)
    broker.forbid("leaver")
    with pytest.raises(BrokerError, match="uthoriz"):
        eventually(lambda: len(subscription.poll(10, 0.1)) < 0)
    subscription.close()


def test_a_writer_may_not_write_elsewhere(broker: SecuredBroker) -> None:
    with pytest.raises(BrokerError, match="uthoriz"):
        published(broker.tls, broker.client("market_data"), "signals.approved.v1")


def test_a_reader_may_not_move_the_offsets_of_another(broker: SecuredBroker) -> None:
    sink = broker.client("lake_sink")
    client = AdminClient({"bootstrap.servers": broker.tls, **sink.confluent()})
    moved = ConsumerGroupTopicPartitions("risk_management", [TopicPartition(BARS, 0, 0)])
    with pytest.raises(KafkaException, match="Group authorization failed"):
        client.alter_consumer_group_offsets([moved])["risk_management"].result(10)


def test_a_stranger_with_a_good_certificate_sees_no_topic(broker: SecuredBroker) -> None:
    stranger = broker.client("stranger")
    seen = AdminClient({"bootstrap.servers": broker.tls, **stranger.confluent()})
    assert seen.list_topics(timeout=10).topics == {}
    with pytest.raises(BrokerError, match="may describe, create and delete topics"):
        Topics("mine.").create(broker.tls, stranger)


def test_a_client_without_a_certificate_is_refused(broker: SecuredBroker, apart: Executor) -> None:
    nameless = KafkaSecurity.model_construct(
        security_protocol="SSL", ssl_ca_location=broker.authority.file
    )
    assert not answers(broker.tls, 1.0, nameless)
    assert apart.submit(is_refused_by_kafka_python, broker.tls, nameless).result()


def test_plain_text_is_refused(broker: SecuredBroker) -> None:
    assert not answers(broker.tls, 1.0, KafkaSecurity.model_construct())


@pytest.mark.parametrize("mistake", ["foreign", "expired"])
def test_a_certificate_that_is_not_good_is_refused(
    broker: SecuredBroker, apart: Executor, tmp_path: Path, mistake: str
) -> None:
    if mistake == "foreign":
        own = Authority(tmp_path).sign("market_data")
    else:
        own = broker.authority.sign("late", lives=-DAY)
    shown = by_certificate(broker.authority, own)
    assert not answers(broker.tls, 1.0, shown)
    assert apart.submit(is_refused_by_kafka_python, broker.tls, shown).result()


def test_a_broker_of_another_authority_is_not_believed(
    broker: SecuredBroker, apart: Executor, tmp_path: Path
) -> None:
    misled = broker.client("market_data").model_copy(
        update={"ssl_ca_location": Authority(tmp_path).file}
    )
    assert is_refused_as("_SSL", broker.tls, misled)
    assert apart.submit(is_refused_by_kafka_python, broker.tls, misled).result()


def test_a_user_by_scram_does_what_its_rights_say(broker: SecuredBroker) -> None:
    broker.enrol("reader", "drei Worte hier")
    broker.allow(Rights(service="reader", reads=(BARS,), groups=("readers",)), user="reader")
    published(broker.tls, broker.client("market_data"))
    user = by_user(broker, "drei Worte hier")
    assert read(broker.sasl, user, "readers") >= 1
    assert partitions_seen_by_kafka_python(broker.sasl, user) == 2
    with pytest.raises(BrokerError, match="uthoriz"):
        published(broker.sasl, user)


def test_a_wrong_password_is_refused(broker: SecuredBroker, apart: Executor) -> None:
    broker.enrol("reader", "drei Worte hier")
    wrong = by_user(broker, "vier Worte standen hier")
    assert is_refused_as("_AUTHENTICATION", broker.sasl, wrong)
    assert apart.submit(is_refused_by_kafka_python, broker.sasl, wrong).result()


def by_user(broker: SecuredBroker, password: str) -> KafkaSecurity:
    return KafkaSecurity(
        security_protocol="SASL_SSL",
        ssl_ca_location=broker.authority.file,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="reader",
        sasl_password=SecretStr(password),
    )
