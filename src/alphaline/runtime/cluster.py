"""Whether a Kafka cluster answers."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient


def answers(bootstrap: str, timeout_s: float) -> bool:
    """Return whether a broker answers at ``bootstrap`` and is ready to serve clients."""
    # Refused connections are expected while a broker starts: the client logs none of them.
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False
