"""One minute of bars and observations → vectors, gaps, late bars and dead letters."""

from collections.abc import Iterator, Mapping, Sequence

from alphaline.features.stream import FeatureStream, StreamOutput
from alphaline.market.minutes import Minute
from alphaline.market.release import Rejected
from alphaline.messages import (
    MINUTE_NS,
    STATUS_GAP,
    STATUS_NOT_WARM,
    STATUS_OK,
    STATUS_STALE,
    dead_letter,
)
from alphaline.runtime.messaging import Outgoing, TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry
from services.feature_streaming.ports import Snapshot, SnapshotStore

BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"
VECTORS = "features.vectors.v1"
LATE_BARS = "market.late_bars.v1"
_STATUS_NAMES = {
    STATUS_OK: "ok",
    STATUS_NOT_WARM: "not_warm",
    STATUS_GAP: "gap",
    STATUS_STALE: "stale",
}


class FeatureStep:
    """Moves the feature stream forward and snapshots it every so many minutes of line time."""

    def __init__(
        self,
        stream: FeatureStream,
        snapshots: SnapshotStore,
        partitions: Sequence[int],
        snapshot_minutes: int,
        telemetry: Telemetry,
    ) -> None:
        self._stream = stream
        self._snapshots = snapshots
        self._partitions = partitions
        self._interval_ns = snapshot_minutes * MINUTE_NS
        self._snapshot_at = 0
        self._telemetry = telemetry

    def on_minute(self, minute: Minute) -> Iterator[Outgoing]:
        """Yield what the minute makes, each value into the partition its bar came from."""
        output = self._stream.on_minute(minute)
        for partition, vector in output.vectors:
            yield Outgoing(VECTORS, vector.instrument, vector, partition)
        for partition, gap in output.gaps:
            yield Outgoing(VECTORS, gap.instrument, gap, partition)
        for partition, late in output.late:
            yield Outgoing(LATE_BARS, late.bar.instrument, late, partition)
        for reject in output.rejected:
            yield _dead_letter(minute, reject)
        self._count(output)

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Snapshot every partition once the interval has passed.

        A partition that was restored ahead of the others takes part once they have reached it; until
        then its last snapshot stands.
        """
        if line_time < self._snapshot_at:
            return
        self._snapshot_at = line_time + self._interval_ns
        for partition in self._partitions:
            inputs = (BARS, partition), (OBSERVATIONS, 0)
            if inputs[0] in positions:
                own = {key: positions[key] for key in inputs}
                state = self._stream.snapshot(partition)
                self._snapshots.save(Snapshot(partition, line_time, own, state))

    def on_idle(self) -> None:
        """Do nothing: a snapshot is due by line time alone."""

    def _count(self, output: StreamOutput) -> None:
        telemetry = self._telemetry
        telemetry.counter("features_vectors_total").inc(len(output.vectors))
        telemetry.counter("market_late_bars_total").inc(len(output.late))
        telemetry.counter("market_duplicate_bars_total").inc(output.duplicates)
        statuses = "".join(vector.status for _, vector in output.vectors)
        for code, name in _STATUS_NAMES.items():
            telemetry.counter("features_values_total", status=name).inc(statuses.count(code))


def _dead_letter(minute: Minute, reject: Rejected) -> Outgoing:
    arrival = reject.arrival
    raw = next(
        record.raw
        for record in minute.records
        if record.at == (BARS, arrival.partition, arrival.offset)
    )
    key = arrival.bar.instrument
    letter = dead_letter(BARS, arrival.partition, arrival.offset, key.encode(), raw, reject.error)
    return Outgoing(f"{BARS}.dlq", key, letter, 0)
