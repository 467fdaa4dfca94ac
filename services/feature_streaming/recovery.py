"""Where the feature service goes on: starting and recovering are the same path."""

from collections.abc import Sequence
from typing import NamedTuple

from alphaline.features.stream import FeatureStream
from alphaline.runtime.messaging import TopicPartitionKey
from services.feature_streaming.handlers import BARS, OBSERVATIONS
from services.feature_streaming.ports import Snapshot, SnapshotStore


class Start(NamedTuple):
    """Offsets to read from (None: the start of the log) and the line time of each input."""

    inputs: dict[TopicPartitionKey, int | None]
    line_times: dict[TopicPartitionKey, int]


def recover(stream: FeatureStream, snapshots: SnapshotStore, partitions: Sequence[int]) -> Start:
    """Restore every partition that has a usable snapshot into ``stream``.

    A partition without one is folded from the start of its log. Observations are read from where the
    oldest partition needs them: folding one again changes nothing.
    """
    taken: dict[int, Snapshot] = {}
    for partition in partitions:
        snapshot = snapshots.load(partition)
        if snapshot is not None and stream.restore(partition, snapshot.state):
            taken[partition] = snapshot
    if len(taken) < len(partitions):
        stream.forget_observations()
    inputs: dict[TopicPartitionKey, int | None] = {
        (BARS, number): _position(taken.get(number), (BARS, number)) for number in partitions
    }
    line_times = {
        (BARS, number): taken[number].line_time if number in taken else 0 for number in partitions
    }
    oldest = min(partitions, key=lambda number: line_times[BARS, number])
    inputs[OBSERVATIONS, 0] = _position(taken.get(oldest), (OBSERVATIONS, 0))
    line_times[OBSERVATIONS, 0] = line_times[BARS, oldest]
    return Start(inputs, line_times)


def _position(snapshot: Snapshot | None, key: TopicPartitionKey) -> int | None:
    return None if snapshot is None else snapshot.positions[key]
