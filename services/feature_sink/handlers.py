"""One minute of vectors → rows of both stores; offsets only after both are durable."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import structlog

from alphaline.errors import MessageError
from alphaline.market.minutes import LogPosition, Minute
from alphaline.messages import FeatureVector
from alphaline.runtime.feature_store import FeatureTable
from alphaline.runtime.messaging import Outgoing, TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry
from services.feature_sink.ports import Batch, OffsetStore, RowStore

VECTORS = "features.vectors.v1"


class FeatureSink:
    """Collects vectors and writes them by count, or as soon as nothing more comes.

    Gaps are no rows and never enter the stores. A crash before the offsets are committed repeats
    batches, which both stores take without a change.

    Parameters
    ----------
    tables
        Stored form of each feature set by name. Vectors of other sets, and such that are no row of
        their table, are counted and left: their bytes stay in the topic.
    stores
        Written in this order at every flush.
    flush_rows
        Rows after which a flush is due.
    """

    def __init__(
        self,
        tables: Mapping[str, FeatureTable],
        stores: Mapping[str, RowStore],
        offsets: OffsetStore,
        flush_rows: int,
        telemetry: Telemetry,
    ) -> None:
        self._tables = tables
        self._stores = stores
        self._offsets = offsets
        self._flush_rows = flush_rows
        self._telemetry = telemetry
        self._pending: list[tuple[LogPosition, FeatureVector]] = []
        self._positions: dict[TopicPartitionKey, int] = {}

    def on_minute(self, minute: Minute) -> Iterable[Outgoing]:
        """Collect the minute's vectors; nothing is published."""
        for record in minute.records:
            if isinstance(record.message, FeatureVector):
                self._collect(record.at, record.message)
        return ()

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:  # noqa: ARG002
        """Note how far reading has come, and flush when enough rows have been collected."""
        self._positions = dict(positions)
        if len(self._pending) >= self._flush_rows:
            self.flush()

    def on_idle(self) -> None:
        """Flush: nothing more is on its way. Then see to the stores."""
        self.flush()
        for store in self._stores.values():
            store.tend()

    def flush(self) -> None:
        """Make everything up to the last check-point durable in every store, then commit it."""
        if not self._positions:
            return
        batches = _batches(self._pending)
        for name, store in self._stores.items():
            rows = store.write(batches)
            self._telemetry.counter("sink_rows_total", store=name).inc(rows)
        self._offsets.commit(self._positions)
        self._pending, self._positions = [], {}

    def _collect(self, at: LogPosition, vector: FeatureVector) -> None:
        try:
            self._check(vector)
        except MessageError as error:
            self._reject(at, error)
        else:
            self._pending.append((at, vector))

    def _check(self, vector: FeatureVector) -> None:
        table = self._tables.get(vector.feature_set)
        if table is None:
            detail = f"expected one of {sorted(self._tables)}, saw {vector.feature_set}"
            raise MessageError("FEATURE_SET_NOT_STORED", detail)
        table.matrix([vector])

    def _reject(self, at: LogPosition, error: MessageError) -> None:
        self._telemetry.counter("line_rejected_total", topic=at.topic, reason=error.reason).inc()
        structlog.get_logger().warning(
            "vector_not_stored", **at._asdict(), reason=error.reason, detail=error.detail
        )


def _batches(pending: Iterable[tuple[LogPosition, FeatureVector]]) -> Sequence[Batch]:
    def key(item: tuple[LogPosition, FeatureVector]) -> tuple[str, int, int]:
        at, vector = item
        return vector.feature_set, at.partition, at.offset

    found = []
    for (name, partition), rows in groupby(sorted(pending, key=key), lambda item: key(item)[:2]):
        places, vectors = zip(*rows, strict=True)
        found.append(Batch(name, partition, places[0].offset, places[-1].offset, vectors))
    return found
