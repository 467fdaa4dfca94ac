"""The whole line with nothing but its rights: a user for each service, TLS between all of them."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest
from confluent_kafka import Producer

from alphaline.cli.verification.candidate import delivered_settings, train_candidate
from alphaline.cli.verification.drill import DrillLine, drill_line, last_clock_of, replay_settings
from alphaline.messages import Clock, ModelDeployed
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.topic_rights import RIGHTS, Right
from tests.secured_broker import Asked, SecuredBroker, secured_broker
from tests.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.kafka, pytest.mark.timeout(1_800)]

SESSIONS = (date(2011, 3, 1), date(2011, 3, 2))
# In an order in which each finds what it waits for.
SERVICES = (
    "feature_streaming",
    "lake_sink",
    "feature_sink",
    "signal_generation",
    "risk_management",
    "paper_trading",
    "gateway",
    "market_data",
)
READ_BY_FEATURES = ("market.bars.v1", "market.observations.v1")
TRADED = ("signals.approved.v1", "risk.decisions.v1", "trading.fills.v1")


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecuredBroker]:
    with secured_broker(tmp_path / "broker") as started:
        # This process is the administrator; what a service gets goes over that.
        for name, value in variables(started.admin).items():
            monkeypatch.setenv(name, value)
        yield started


def variables(security: KafkaSecurity) -> dict[str, str]:
    """Return how a service proves itself, to Kafka and to others by the same certificate."""
    files = {
        "SSL_CA_LOCATION": security.ssl_ca_location,
        "SSL_CERTIFICATE_LOCATION": security.ssl_certificate_location,
        "SSL_KEY_LOCATION": security.ssl_key_location,
    }
    return {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        **{f"KAFKA_{name}": str(file) for name, file in files.items()},
        "ALPHALINE_TLS_CA": str(security.ssl_ca_location),
        "ALPHALINE_TLS_CERTIFICATE": str(security.ssl_certificate_location),
        "ALPHALINE_TLS_KEY": str(security.ssl_key_location),
    }


def start(line: DrillLine, broker: SecuredBroker) -> None:
    # One after the other: cold starts side by side starve each other on two cores.
    for service in SERVICES:
        line.services.start(service, **variables(broker.client(service)))
        line.services.wait_until_ready(service)


def deliver(line: DrillLine, broker: SecuredBroker, record: ModelDeployed) -> None:
    publisher = KafkaPublisher(broker.tls, "deliver", line.prefix, broker.client("delivery"))
    publisher.send(Outgoing("models.deployed.v1", record.strategy_id, record, 0))
    publisher.flush()


def say_garbage(line: DrillLine, broker: SecuredBroker) -> None:
    market = broker.client("market_data").confluent()
    producer = Producer({"bootstrap.servers": broker.tls, **market})
    for topic in READ_BY_FEATURES:
        producer.produce(f"{line.prefix}{topic}", b"{}", b"eq.us.spy", 0)
    assert producer.flush(30) == 0
    assert eventually(lambda: all(line.messages(f"{topic}.dlq") for topic in READ_BY_FEATURES), 120)


def idle(service: str, rights: Iterable[Right], prefix: str, used: set[Asked]) -> Iterator[str]:
    for right in rights:
        name = f"{prefix}{right.name}"
        # Of a group it is enough that its coordinator was asked for.
        operations = {right.operation.lower()} | ({"describe"} if right.kind == "group" else set())
        if not any(Asked(service, one, name) in used for one in operations):
            yield f"{service}: {right.operation} {right.kind} {right.name}"


def test_each_service_needs_its_rights_and_no_others(broker: SecuredBroker, tmp_path: Path) -> None:
    record = train_candidate(tmp_path)
    settings = {
        **replay_settings(*SESSIONS, replay_stays="true"),
        **delivered_settings(tmp_path),
        "ALPHALINE_GATEWAY_PORT": "0",
    }
    end = last_clock_of(ReferenceData(checkout() / "data" / "sample"), SESSIONS[-1])
    with drill_line(tmp_path / "line", broker.tls, settings) as line:
        for rights in RIGHTS:
            broker.allow(rights, line.prefix)
        deliver(line, broker, record)
        start(line, broker)
        line.wait_for("trading.positions.v1", end)
        line.wait_for_sink("lake_sink", READ_BY_FEATURES)
        line.wait_for_sink("feature_sink", ["features.vectors.v1"])
        for topic in TRADED:
            assert [one for one in line.messages(topic) if not isinstance(one.message, Clock)]
        say_garbage(line, broker)
        line.services.stop()
        # A second start reads what the first has left.
        start(line, broker)
        line.services.stop()
        allowed, denied = broker.asked()
        assert not denied
        unused = [
            right
            for one in RIGHTS
            for right in idle(one.service, one.operations(), line.prefix, allowed)
        ]
        assert not unused
