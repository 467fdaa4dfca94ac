"""Every topic of the line, declared once, and how they come into being.

Contract names stand here and everywhere else; the prefix that isolates environments on a shared
cluster is added where a topic is named to Kafka.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from alphaline.errors import BrokerError
from alphaline.runtime.cluster import answers
from alphaline.runtime.kafka_security import KafkaSecurity

# Two cores: a second worker per step is the first that helps on the smallest machine, and a count
# never changes within a topic's major version. A cluster sets ALPHALINE_PARTITION_COUNT.
LINE_PARTITIONS = 2
# A broker of a laptop is back within seconds: the client's default pause of 30 s cost 14 of them.
RECONNECT_BACKOFF_MAX_MS = 500
REQUEST_TIMEOUT_MS = 30_000
# Across a network and a cold name server, or a laptop's broker that restarts after a kill.
ANSWER_TIMEOUT_S = 15.0

DAY_MS = 86_400_000
# A line that stands still over a long holiday goes on from its log; the lake keeps everything.
# 50 instruments write some 12 MB a day: a gigabyte in that time.
STREAM_RETENTION_MS = 90 * DAY_MS
# What was decided and traded is small (kilobytes a day) and is evidence: it stays.
FOREVER_MS = -1
# A rejected message waits for a person.
DEAD_LETTER_RETENTION_MS = 30 * DAY_MS
# Base64 and the key beside it make a rejected message of a mebibyte several times as large.
DEAD_LETTER_MAX_BYTES = 8_000_000
# A snapshot of one partition: 500 instruments of 30 features fold over some 2,000 doubles each.
STATE_MAX_BYTES = 16 * 1024 * 1024
# Kafka compacts closed segments only; the default of 1 GB would never close one here.
STATE_SEGMENT_BYTES = 64 * 1024 * 1024

Spread = Literal["line", "global"]


@dataclass(frozen=True, slots=True)
class Topic:
    """The declaration of one topic.

    Parameters
    ----------
    name
        Contract name, ``<area>.<noun>.v<major>``.
    spread
        ``line``: input partition p feeds output partition p, so all share one count. ``global``: one
        partition that each worker reads whole.
    retention_ms
        How long a record is kept after it was appended; -1 for ever.
    compacted
        Whether only the last record of each key is kept.
    max_message_bytes
        Largest record batch; None leaves the broker's default of 1 MiB.
    """

    name: str
    spread: Spread = "line"
    retention_ms: int = STREAM_RETENTION_MS
    compacted: bool = False
    max_message_bytes: int | None = None

    def partitions(self, line_partitions: int) -> int:
        """Return how many partitions the topic has where the line has ``line_partitions``."""
        return line_partitions if self.spread == "line" else 1

    def configuration(self) -> dict[str, str]:
        """Return the topic's settings in Kafka's names."""
        settings = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(self.retention_ms),
            # Retention counts from the append: recorded data of years ago is not old in that sense.
            "message.timestamp.type": "LogAppendTime",
        }
        if self.compacted:
            settings["segment.bytes"] = str(STATE_SEGMENT_BYTES)
        if self.max_message_bytes is not None:
            settings["max.message.bytes"] = str(self.max_message_bytes)
        return settings


def _dead_letters(name: str) -> Topic:
    return Topic(
        f"{name}.dlq", "global", DEAD_LETTER_RETENTION_MS, max_message_bytes=DEAD_LETTER_MAX_BYTES
    )


FEATURE_STATE = "features.state.v1"

# In the order in which data flows.
DECLARED: tuple[Topic, ...] = (
    Topic("market.bars.v1"),
    _dead_letters("market.bars.v1"),
    Topic("market.observations.v1", "global"),
    _dead_letters("market.observations.v1"),
    Topic("market.late_bars.v1"),
    Topic("features.vectors.v1"),
    Topic(
        FEATURE_STATE, retention_ms=FOREVER_MS, compacted=True, max_message_bytes=STATE_MAX_BYTES
    ),
    # Every deployment is kept, not the last one only: a replay asks which model was in force.
    Topic("models.deployed.v1", "global", FOREVER_MS),
    Topic("signals.approved.v1", retention_ms=FOREVER_MS),
    Topic("signals.denied.v1", retention_ms=FOREVER_MS),
    # One partition: the journal's sequence is an order over all instruments.
    Topic("risk.decisions.v1", "global", FOREVER_MS),
    Topic("trading.orders.v1", retention_ms=FOREVER_MS),
    Topic("trading.fills.v1", retention_ms=FOREVER_MS),
    Topic("trading.positions.v1", retention_ms=FOREVER_MS),
)


class Topics:
    """The declared topics in one environment.

    Parameters
    ----------
    prefix
        Stands before every contract name on the cluster, such as ``staging.``; empty for none.
    partitions
        Partitions of each topic of the line.
    """

    def __init__(self, prefix: str = "", partitions: int = LINE_PARTITIONS) -> None:
        if partitions < 1:
            raise ValueError(f"expected at least 1 partition of the line, saw {partitions}")
        self.prefix = prefix
        self.line_partitions = partitions
        self._declared = {topic.name: topic for topic in DECLARED}

    def names(self) -> tuple[str, ...]:
        """Return the names on the cluster, in the order in which data flows."""
        return tuple(self.on_cluster(name) for name in self._declared)

    def on_cluster(self, name: str) -> str:
        """Return the cluster's name of a contract name.

        Raises
        ------
        KeyError
            If no such topic is declared.
        """
        return self.prefix + self._declared[name].name

    def partitions(self, name: str) -> int:
        """Return how many partitions the topic of a contract name has; KeyError if undeclared."""
        return self._declared[name].partitions(self.line_partitions)

    def create(self, bootstrap: str, security: KafkaSecurity | None = None) -> tuple[str, ...]:
        """Create what is missing and return its names on the cluster; may run at any time.

        Parameters
        ----------
        security
            None: as the environment of this process says.

        Raises
        ------
        BrokerError
            If a topic exists with another partition count, or the cluster does not answer.
        """
        with _admin(bootstrap, security) as admin:
            existing = _partition_counts(admin)
            self._demand_counts(existing)
            missing = [name for name in self._declared if self.on_cluster(name) not in existing]
            created = tuple(name for name in missing if self._create(admin, name))
            if len(created) < len(missing):  # another process creates them too
                self._demand_counts(_partition_counts(admin))
            return tuple(self.on_cluster(name) for name in created)

    def delete(self, bootstrap: str) -> None:
        """Delete those that exist, with all their records.

        Raises
        ------
        BrokerError
            If the cluster does not answer.
        """
        with _admin(bootstrap, None) as admin:
            existing = [name for name in self.names() if name in set(admin.list_topics())]
            if existing:
                admin.delete_topics(existing)

    def _create(self, admin: KafkaAdminClient, name: str) -> bool:
        wanted: dict[str, Any] = {
            "num_partitions": self.partitions(name),
            "configs": self._declared[name].configuration(),
        }
        try:
            admin.create_topics({self.on_cluster(name): wanted}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            return False
        return True

    def _demand_counts(self, existing: Mapping[str, int]) -> None:
        wrong = [
            f"{self.on_cluster(name)} has {existing[self.on_cluster(name)]} partitions, expected "
            f"{self.partitions(name)}"
            for name in self._declared
            if existing.get(self.on_cluster(name), self.partitions(name)) != self.partitions(name)
        ]
        if wrong:
            raise BrokerError(
                f"{'; '.join(wrong)}. The partition count never changes within a topic's major "
                "version, because it decides which partition a key is in. Set "
                "ALPHALINE_PARTITION_COUNT to what the topics have, or use another "
                "ALPHALINE_TOPIC_PREFIX."
            )


@contextmanager
def _admin(bootstrap: str, security: KafkaSecurity | None) -> Iterator[KafkaAdminClient]:
    chosen = security or KafkaSecurity.of_environment()
    # Asked first because this client leaves its sockets open where it cannot connect.
    if not answers(bootstrap, ANSWER_TIMEOUT_S, chosen):
        raise BrokerError(
            f"Expected a Kafka at {bootstrap} that answers within {ANSWER_TIMEOUT_S:.0f} s, saw no "
            "answer. Check the address, that the broker is up, and that it takes connections by "
            f"{chosen.security_protocol} (KAFKA_SECURITY_PROTOCOL) with these certificates."
        )
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap,
            reconnect_backoff_max_ms=RECONNECT_BACKOFF_MAX_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            **chosen.kafka_python(),
        )
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        raise BrokerError(
            f"Topics on {bootstrap}: {type(error).__name__}: {error}. Check that this account may "
            "describe, create and delete topics."
        ) from error


def _partition_counts(admin: KafkaAdminClient) -> dict[str, int]:
    return {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
