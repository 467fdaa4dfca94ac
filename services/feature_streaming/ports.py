"""What the feature service needs from outside."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from alphaline.runtime.messaging import TopicPartitionKey


class Snapshot(NamedTuple):
    """The state of one partition after ``line_time``, and where reading goes on."""

    partition: int
    line_time: int
    positions: Mapping[TopicPartitionKey, int]
    state: bytes


class SnapshotStore(Protocol):
    """Keeps the last snapshot of each partition."""

    def load(self, partition: int) -> Snapshot | None:
        """Return the last complete snapshot of a partition."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; the one before it stands until this one is complete."""
