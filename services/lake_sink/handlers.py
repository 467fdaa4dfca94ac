"""Every record of `market.*`, as it came → Parquet files; offsets are committed once they are durable."""

from collections.abc import Iterable, Mapping

from alphaline.market.minutes import Minute
from alphaline.market.release import PartitionedRelease
from alphaline.messages import Bar, Clock, Observation
from alphaline.runtime.lake import LakeRow, LakeWriter
from alphaline.runtime.messaging import Outgoing, Subscription, TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry

BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"


class LakeStep:
    """Collects rows and flushes them by count, and whenever the log has nothing more."""

    def __init__(
        self,
        writer: LakeWriter,
        subscription: Subscription,
        flush_rows: int,
        telemetry: Telemetry,
    ) -> None:
        self._writer = writer
        self._subscription = subscription
        self._flush_rows = flush_rows
        self._telemetry = telemetry
        self._release = PartitionedRelease()
        self._positions: dict[TopicPartitionKey, int] = {}

    def on_minute(self, minute: Minute) -> Iterable[Outgoing]:
        """Append the minute's records and the clock records that close it."""
        late = {
            (arrival.partition, arrival.offset) for arrival in self._release.on_minute(minute).late
        }
        for record in (*minute.records, *minute.clocks):
            if isinstance(record.message, Bar | Clock | Observation):
                at = record.at
                is_late = (at.partition, at.offset) in late and isinstance(record.message, Bar)
                self._writer.append(
                    LakeRow(at.topic, at.partition, at.offset, record.message, record.raw, is_late)
                )
        return ()

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:  # noqa: ARG002
        """Flush once enough rows have gathered."""
        self._positions = dict(positions)
        if self._writer.pending >= self._flush_rows:
            self._flush()

    def on_idle(self) -> None:
        """Flush what there is: nothing waits in memory for the next record."""
        if self._writer.pending:
            self._flush()

    def _flush(self) -> None:
        rows = self._writer.pending
        self._writer.flush()
        self._subscription.commit(self._positions)
        self._telemetry.counter("sink_rows_total", store="lake").inc(rows)
