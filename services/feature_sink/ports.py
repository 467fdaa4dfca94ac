"""What the feature sink needs from outside."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from alphaline.messages import FeatureVector
from alphaline.runtime.messaging import TopicPartitionKey


class Batch(NamedTuple):
    """Vectors of one feature set from one partition, in log order, and where they stood."""

    feature_set: str
    partition: int
    first: int
    last: int
    vectors: Sequence[FeatureVector]


class RowStore(Protocol):
    """A store of feature rows; writing the same batch again changes nothing."""

    def write(self, batches: Sequence[Batch]) -> int:
        """Write ``batches`` and return the number of rows taken; all of them are durable then.

        Raises
        ------
        StoreUnavailableError
            If the store is a server that does not answer; the same batches are to be written again.
        """

    def tend(self) -> None:
        """Nothing is being written: see whether the store still holds what it was given.

        Raises
        ------
        StoreUnavailableError
            If the store is a server that does not answer.
        """

    def close(self) -> None:
        """Release the store."""


class OffsetStore(Protocol):
    """Keeps how far this sink has come."""

    def commit(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Keep the offsets at which reading goes on after a restart."""
