"""The users and rights that the chart gives to Strimzi, given to a broker as Strimzi's operator would."""

from collections.abc import Iterator
from typing import NamedTuple

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # exports some without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from alphaline.runtime.kafka_security import KafkaSecurity
from ci.charts.rendering import Manifest, Rendered

# May do everything, as an operator does: makes topics, gives rights.
ADMINISTRATOR = "administrator"
# A broker's one resource of that kind has this name.
THE_CLUSTER = "kafka-cluster"
# Kafka's words, as Strimzi and as this client spell them.
RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
}
OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "IdempotentWrite": AclOperation.IDEMPOTENT_WRITE,
}
PATTERNS = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}


class Right(NamedTuple):
    """What a user may do with something; ``kind`` is topic, group or cluster."""

    user: str
    kind: str
    name: str
    pattern: str
    operation: str

    @property
    def binding(self) -> AclBinding:
        """Return it as a broker takes it."""
        return AclBinding(
            RESOURCES[self.kind],
            self.name,
            PATTERNS[self.pattern],
            f"User:CN={self.user}",
            "*",
            OPERATIONS[self.operation],
            AclPermissionType.ALLOW,
        )


def rights(rendered: Rendered) -> list[Right]:
    """Return every right of the rendered KafkaUsers."""
    return [right for user in rendered.of_kind("KafkaUser") for right in _of(user)]


def _of(user: Manifest) -> Iterator[Right]:
    for acl in user["spec"]["authorization"]["acls"]:
        resource = acl["resource"]
        for operation in acl["operations"]:
            pattern = resource.get("patternType", "literal")
            name = user["metadata"]["name"]
            asked = resource.get("name", THE_CLUSTER)
            yield Right(name, resource["type"], asked, pattern, operation)


def give(found: list[Right], bootstrap: str, administrator: KafkaSecurity) -> None:
    """Give the rights to a broker's users."""
    client = AdminClient({"bootstrap.servers": bootstrap, **administrator.confluent()})
    for done in client.create_acls([right.binding for right in found]).values():
        done.result(timeout=30)
