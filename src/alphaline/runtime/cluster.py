"""Whether a Kafka cluster answers."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from alphaline.runtime.kafka_security import KafkaSecurity


def answers(bootstrap: str, timeout_s: float, security: KafkaSecurity | None = None) -> bool:
    """Return whether a broker answers at ``bootstrap`` and is ready to serve clients.

    Parameters
    ----------
    security
        None: as the environment of this process says.
    """
    chosen = (security or KafkaSecurity.of_environment()).confluent()
    # Refused connections are expected while a broker starts: the client logs none of them.
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, **chosen})
    try:
        return bool(admin.list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False
