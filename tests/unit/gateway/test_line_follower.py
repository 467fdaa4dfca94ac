"""The gateway's reader of the log, and what it does where it cannot go on."""

import threading
from collections.abc import Iterable, Sequence

import pytest

from alphaline.errors import BrokerError
from alphaline.runtime.messaging import KafkaSubscription, TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry
from services.gateway.adapters.line_follower import LineFollower
from services.gateway.read_model import ReadModel


class BrokenLog(KafkaSubscription):
    """A log whose topics are there and cannot be read."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    def missing(self, topics: Iterable[str]) -> tuple[str, ...]:  # noqa: ARG002
        """Miss nothing."""
        return ()

    def bounds(
        self,
        keys: Sequence[TopicPartitionKey],  # noqa: ARG002
    ) -> dict[TopicPartitionKey, tuple[int, int]]:
        """Fail."""
        raise self._fault


@pytest.mark.parametrize("fault", [BrokerError("no broker"), RuntimeError("something else")])
def test_a_reader_that_cannot_go_on_ends_the_process_whatever_the_fault(fault: Exception) -> None:
    told = threading.Event()
    follower = LineFollower(
        BrokenLog(fault),
        [("market.bars.v1", 0)],
        ReadModel({}, 1, 1),
        1,
        Telemetry("gateway"),
        told.set,
    )
    follower.start()
    assert told.wait(10)
    follower.stop()
    assert follower.failure is fault
    assert not follower.is_ready()
