"""Snapshots in a compacted topic, so that any worker can take any partition."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from alphaline.messages import FeatureStateChunk, decode
from alphaline.runtime.messaging import (
    Outgoing,
    Publisher,
    Subscription,
    TopicPartitionKey,
    read_to_end,
)
from services.feature_streaming.ports import Snapshot

STATE = "features.state.v1"
# Well below the 1 MB that brokers accept by default.
CHUNK_CHARACTERS = 500_000


class KafkaSnapshots:
    """Writes a snapshot in pieces under one of two generations of keys, in turn."""

    def __init__(self, subscription: Subscription, publisher: Publisher) -> None:
        self._subscription = subscription
        self._publisher = publisher
        self._generation: dict[int, int] = {}

    def load(self, partition: int) -> Snapshot | None:
        """Return the last complete snapshot of a partition."""
        pieces: dict[tuple[int, int], dict[int, FeatureStateChunk]] = {}
        for item in read_to_end(self._subscription, [(STATE, partition)]):
            chunk = decode(STATE, item.value)
            if isinstance(chunk, FeatureStateChunk):
                pieces.setdefault((chunk.line_time, chunk.generation), {})[chunk.index] = chunk
        for (line_time, generation), chunks in sorted(pieces.items(), reverse=True):
            if len(chunks) == chunks[min(chunks)].of:
                self._generation[partition] = 1 - generation
                return _joined(partition, line_time, chunks)
        return None

    def save(self, snapshot: Snapshot) -> None:
        """Publish a snapshot; the one before it keeps its keys."""
        generation = self._generation.get(snapshot.partition, 0)
        payload = _packed(snapshot)
        pieces = [
            payload[start : start + CHUNK_CHARACTERS]
            for start in range(0, len(payload), CHUNK_CHARACTERS)
        ]
        for index, piece in enumerate(pieces):
            chunk = FeatureStateChunk(
                partition=snapshot.partition,
                generation=1 if generation else 0,
                line_time=snapshot.line_time,
                index=index,
                of=len(pieces),
                payload=piece,
            )
            key = f"{snapshot.partition}/{generation}/{index}"
            self._publisher.send(Outgoing(STATE, key, chunk, snapshot.partition))
        self._publisher.flush()
        self._generation[snapshot.partition] = 1 - generation


def _packed(snapshot: Snapshot) -> str:
    positions = [[topic, part, offset] for (topic, part), offset in snapshot.positions.items()]
    value = msgspec.json.encode({"positions": positions, "state": msgspec.Raw(snapshot.state)})
    # Level 1: floats hardly compress, the speed of the minute matters more.
    return base64.b64encode(zlib.compress(value, 1)).decode()


def _joined(partition: int, line_time: int, chunks: Mapping[int, FeatureStateChunk]) -> Snapshot:
    text = "".join(chunks[index].payload for index in sorted(chunks))
    value: dict[str, Any] = msgspec.json.decode(
        zlib.decompress(base64.b64decode(text)), type=dict[str, msgspec.Raw]
    )
    positions: dict[TopicPartitionKey, int] = {
        (topic, number): offset
        for topic, number, offset in msgspec.json.decode(
            value["positions"], type=list[tuple[str, int, int]]
        )
    }
    return Snapshot(partition, line_time, positions, bytes(value["state"]))
