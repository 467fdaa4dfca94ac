"""A service that starts before Kafka or its topics are there waits for them, and says so."""

import time
from collections.abc import Callable

import structlog

from alphaline.errors import BrokerError
from alphaline.runtime.messaging import Subscription
from alphaline.runtime.patience import StoppedError
from alphaline.runtime.topic_rights import rights_of

ASK_EVERY_S = 0.5


def topics_of(service: str) -> tuple[str, ...]:
    """Return the topics that a service reads or writes, each once; KeyError for an unknown service."""
    rights = rights_of(service)
    return tuple(dict.fromkeys((*rights.reads, *rights.writes)))


def wait_for_topics(
    subscription: Subscription,
    service: str,
    is_stopping: Callable[[], bool],
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return once every topic that ``service`` reads or writes is there, however long that takes.

    On a cluster the topics come when they come; a service that ended instead would be started again
    and again, each time later. What it waits for goes to the log whenever that changes.

    Raises
    ------
    StoppedError
        If ``is_stopping`` before.
    """
    topics, told = topics_of(service), ""
    while lacking := _lacking(subscription, topics):
        if lacking != told:
            structlog.get_logger().warning("topics_awaited", service=service, detail=lacking)
            told = lacking
        if is_stopping():
            raise StoppedError(f"stopped while waiting for Kafka: {lacking}")
        pause(ASK_EVERY_S)
    if told:
        structlog.get_logger().info("topics_found", service=service)


def _lacking(subscription: Subscription, topics: tuple[str, ...]) -> str:
    try:
        missing = subscription.missing(topics)
    except BrokerError as error:
        return str(error)
    if not missing:
        return ""
    return (
        f"expected {', '.join(missing)}: not there, or this account may not see them; "
        "`alphaline topics` makes those that are missing"
    )
