"""What a running line says about itself: how far each part has come, its switch, its models."""

import re
from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple

import grpc

from alphaline.messages import ModelDeployed, decode
from alphaline.runtime.messaging import KafkaSubscription, TopicPartitionKey, read_to_end
from alphaline.runtime.rpc import risk_pb2
from alphaline.runtime.rpc.risk_pb2_grpc import RiskServiceStub
from alphaline.runtime.service_tls import Connection
from alphaline.runtime.topics import Topics

DEADLINE_S = 2.0
MODELS = "models.deployed.v1"
# A deployment is rare: the last ones are all that can be in force.
LAST_DEPLOYMENTS = 200

# Whose place in the log is a committed offset of its own group. The others keep it in their own
# state, together with what they computed.
COMMITTING: Mapping[str, tuple[str, ...]] = {
    "lake_sink": ("market.bars.v1", "market.observations.v1"),
    "feature_sink": ("features.vectors.v1",),
    "signal_generation": ("features.vectors.v1",),
}

_LINE_TIME = re.compile(r"^line_time_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class KillSwitch(NamedTuple):
    """Whether risk denies everything, who engaged it and why."""

    engaged: bool
    by: str
    reason: str


def line_time_s(metrics: str) -> float | None:
    """Return the line time in seconds since 1970 that a service's metrics tell, None for none."""
    found = _LINE_TIME.search(metrics)
    seconds = float(found.group(1)) if found else 0.0
    return seconds or None


def records_behind(bootstrap: str, service: str, topics: Topics) -> int | None:
    """Return how many records ``service`` has not committed yet, None where it commits none."""
    if service not in COMMITTING:
        return None
    keys = [
        (topic, number)
        for topic in COMMITTING[service]
        for number in range(topics.partitions(topic))
    ]
    subscription = KafkaSubscription(bootstrap, service, topics.prefix)
    try:
        return subscription.behind(keys)
    finally:
        subscription.close()


def kill_switch(address: str) -> KillSwitch | None:
    """Return the state of the kill switch, None where risk does not answer."""
    with closing(Connection(address, RiskServiceStub)) as risk:
        try:
            status = risk.stub.Status(risk_pb2.StatusRequest(), timeout=DEADLINE_S)
        except grpc.RpcError:
            return None
        switch = status.kill_switch
        return KillSwitch(switch.engaged, switch.by, switch.reason)


def deployed_models(bootstrap: str, topic_prefix: str = "") -> list[ModelDeployed]:
    """Return the last deployment of each strategy and lane."""
    subscription = KafkaSubscription(bootstrap, "status", topic_prefix)
    key: TopicPartitionKey = (MODELS, 0)
    try:
        found = read_to_end(subscription, [key], LAST_DEPLOYMENTS)
    finally:
        subscription.close()
    last: dict[tuple[str, str], ModelDeployed] = {}
    for item in found:
        message = decode(item.topic, item.value)
        if isinstance(message, ModelDeployed):
            last[message.strategy_id, message.lane] = message
    return list(last.values())
