"""A start before Kafka and its topics are there: it waits, says for what, and hears a stop."""

import pytest
from structlog.testing import capture_logs

from alphaline.errors import BrokerError
from alphaline.runtime.awaited_topics import topics_of, wait_for_topics
from alphaline.runtime.patience import StoppedError
from tests.broker_fakes import MemoryBroker, MemorySubscription

VECTORS = "features.vectors.v1"


class Coming(MemorySubscription):
    """Says these things in turn when asked what is missing; a text is a Kafka that does not answer."""

    def __init__(self, *answers: tuple[str, ...] | str) -> None:
        super().__init__(MemoryBroker())
        self.answers = list(answers)

    def missing(self, topics: object) -> tuple[str, ...]:  # noqa: ARG002
        """Return the next answer, or raise it."""
        answer = self.answers.pop(0)
        if isinstance(answer, str):
            raise BrokerError(answer)
        return answer


def test_a_start_waits_for_kafka_then_for_its_topics_and_says_each_once() -> None:
    subscription = Coming("no answer", "no answer", (VECTORS,), (VECTORS,), ())
    with capture_logs() as logs:
        wait_for_topics(subscription, "feature_sink", lambda: False, lambda _: None)
    assert [entry["event"] for entry in logs] == [
        "topics_awaited",
        "topics_awaited",
        "topics_found",
    ]
    assert logs[0]["detail"] == "no answer"
    assert VECTORS in logs[1]["detail"]
    assert "alphaline topics" in logs[1]["detail"]


def test_a_start_that_finds_its_topics_says_nothing() -> None:
    with capture_logs() as logs:
        wait_for_topics(Coming(()), "feature_sink", lambda: False)
    assert logs == []


def test_a_stop_ends_the_waiting() -> None:
    with pytest.raises(StoppedError, match=VECTORS):
        wait_for_topics(Coming((VECTORS,)), "feature_sink", lambda: True)


def test_a_service_waits_for_what_it_reads_and_what_it_writes() -> None:
    assert topics_of("lake_sink") == ("market.bars.v1", "market.observations.v1")
    assert topics_of("market_data") == ("market.bars.v1", "market.observations.v1")
    assert "risk.decisions.v1" in topics_of("risk_management")
