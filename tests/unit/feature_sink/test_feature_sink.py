from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from alphaline.market.minutes import LogPosition, Minute, Record
from alphaline.messages import MINUTE_NS, Clock, FeatureGap, FeatureVector, Message
from alphaline.runtime.feature_store import FeatureTable
from alphaline.runtime.messaging import TopicPartitionKey
from alphaline.runtime.telemetry import Telemetry
from services.feature_sink.handlers import VECTORS, FeatureSink
from services.feature_sink.ports import Batch

TABLE = FeatureTable("intraday_v1", ("return_1m", "rsi_14"))


class Rows:
    """A store that remembers what it was given."""

    def __init__(self, journal: list[str], name: str, fails: bool = False) -> None:
        self.journal, self.name, self.fails = journal, name, fails
        self.batches: list[Batch] = []

    def write(self, batches: Sequence[Batch]) -> int:
        """Take the batches, or fail as a full disk does."""
        if self.fails:
            raise OSError("disk full")
        self.journal.append(self.name)
        self.batches += batches
        return sum(len(batch.vectors) for batch in batches)

    def tend(self) -> None:
        """Remember nothing: a list forgets no row."""

    def close(self) -> None:
        """Remember that it was closed."""
        self.journal.append(f"{self.name} closed")


class Offsets:
    """A group's offsets."""

    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.positions: dict[TopicPartitionKey, int] = {}

    def commit(self, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Remember the offsets."""
        self.journal.append("offsets")
        self.positions.update(positions)


class Line:
    """A sink with its fakes, fed minute by minute."""

    def __init__(self, flush_rows: int = 4, offline_fails: bool = False) -> None:
        self.journal: list[str] = []
        self.offline = Rows(self.journal, "offline", offline_fails)
        self.online = Rows(self.journal, "online")
        self.offsets = Offsets(self.journal)
        self.telemetry = Telemetry("feature_sink")
        stores = {"offline": self.offline, "online": self.online}
        self.sink = FeatureSink(
            {"intraday_v1": TABLE}, stores, self.offsets, flush_rows, self.telemetry
        )
        self.next_offset = 0

    def minute(self, *messages: Message, partition: int = 0) -> None:
        """Feed one minute of a partition, its clock record last."""
        records = []
        for message in messages:
            at = LogPosition(VECTORS, partition, self.next_offset)
            records.append(Record(at, message, b""))
            self.next_offset += 1
        clock = Clock(ts=(self.next_offset + 1) * MINUTE_NS, previous=0, epoch=1)
        closing = Record(LogPosition(VECTORS, partition, self.next_offset), clock, b"")
        self.next_offset += 1
        assert list(self.sink.on_minute(Minute(clock, records, [closing]))) == []
        self.sink.checkpoint(clock.ts, {(VECTORS, partition): self.next_offset})


def vector(minute: int, instrument: str = "eq.us.spy", **changed: Any) -> FeatureVector:
    made = FeatureVector(
        instrument=instrument,
        ts_event=minute * MINUTE_NS,
        ts_known=(minute + 1) * MINUTE_NS,
        feature_set="intraday_v1",
        values=(1.0, None),
        status="kw",
        close=127.0,
        engine="generic",
    )
    return msgspec.structs.replace(made, **changed)


def test_offsets_are_committed_only_after_both_stores_are_durable() -> None:
    line = Line(flush_rows=2)
    line.minute(vector(0))
    assert line.journal == []
    line.minute(vector(1))
    assert line.journal == ["offline", "online", "offsets"]
    assert line.offsets.positions == {(VECTORS, 0): 4}


def test_a_store_that_fails_keeps_the_offsets_where_they_were() -> None:
    line = Line(flush_rows=1, offline_fails=True)
    with pytest.raises(OSError, match="disk full"):
        line.minute(vector(0))
    assert line.journal == []
    line.offline.fails = False
    line.sink.on_idle()
    assert line.journal == ["offline", "online", "offsets"]
    assert [len(batch.vectors) for batch in line.online.batches] == [1]


def test_an_idle_line_flushes_what_has_been_collected_once() -> None:
    line = Line()
    line.minute(vector(0))
    line.sink.on_idle()
    line.sink.on_idle()
    assert line.journal == ["offline", "online", "offsets"]


def test_a_minute_without_vectors_moves_the_offsets() -> None:
    line = Line()
    line.minute()
    line.sink.on_idle()
    assert line.offsets.positions == {(VECTORS, 0): 1}
    assert line.offline.batches == []


def test_a_gap_enters_no_store() -> None:
    line = Line()
    gap = FeatureGap(
        instrument="eq.us.spy", ts_event=0, ts_known=MINUTE_NS, feature_set="intraday_v1"
    )
    line.minute(gap, vector(1))
    line.sink.on_idle()
    assert [batch.vectors for batch in line.offline.batches] == [(vector(1),)]


def test_batches_say_where_their_rows_stood() -> None:
    line = Line()
    line.minute(vector(0), vector(0, "eq.us.ibm"))
    line.minute(vector(1, "eq.us.aapl"), partition=1)
    line.minute(vector(1))
    assert [batch[:4] for batch in line.offline.batches] == [
        ("intraday_v1", 0, 0, 5),
        ("intraday_v1", 1, 3, 3),
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"feature_set": "intraday_v2"}, "FEATURE_SET_NOT_STORED"),
        ({"values": (1.0,)}, "CONTRACT_VIOLATION"),
        ({"status": "k"}, "CONTRACT_VIOLATION"),
        ({"values": (1.0, float("inf"))}, "CONTRACT_VIOLATION"),
    ],
)
def test_a_vector_that_is_no_row_is_counted_and_left(changed: dict[str, Any], reason: str) -> None:
    line = Line()
    line.minute(vector(0, **changed), vector(1))
    line.sink.on_idle()
    assert [batch.vectors for batch in line.online.batches] == [(vector(1),)]
    labels = {"service": "feature_sink", "topic": VECTORS, "reason": reason}
    assert line.telemetry.registry.get_sample_value("line_rejected_total", labels) == 1
