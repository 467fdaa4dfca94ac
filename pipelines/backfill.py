"""Folds recorded bars into the feature store: the very operators that the stream runs, without Kafka."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream
from alphaline.market.minutes import LogPosition, Minute, Record
from alphaline.market.recorded import RecordedBars
from alphaline.market.replay import ReplayMinute, replay_minutes
from alphaline.messages import FeatureVector, Message
from alphaline.runtime import determinism
from alphaline.runtime.feature_store import (
    FeatureTable,
    OfflineWriter,
    OnlineStoreSettings,
    StorePaths,
    open_online,
)
from alphaline.runtime.reference import ReferenceData

BARS_TOPIC = "market.bars.v1"
OBSERVATIONS_TOPIC = "market.observations.v1"
# Rows in one Parquet part: a month of one instrument in a handful of files.
PART_ROWS = 4_000
# Values that were published before the first bar: five sessions of look-back are two weeks at most.
OBSERVED_BEFORE_NS = 30 * 86_400_000_000_000


def recorded(
    reference: ReferenceData, dataset: str, instrument: str, first: date, last: date
) -> RecordedBars:
    """Return the recorded bars of the sessions from ``first`` to ``last``, both included."""
    bars = reference.bars(reference.root / reference.declarations[dataset].file, instrument)
    return bars.of_sessions(reference.sessions, first, last)


def fold(
    reference: ReferenceData, bars: Iterable[RecordedBars], feature_set_name: str
) -> Iterator[FeatureVector]:
    """Yield the vectors that the line would have made of ``bars``, in its order."""
    engine = Engine(feature_set(feature_set_name), reference.sessions)
    stream = FeatureStream(
        engine, reference.sessions, determinism.fingerprint(engine.operator_version)
    )
    flat = [bar for recording in bars for bar in recording]
    observed = reference.observations(min(bar.ts_event for bar in flat) - OBSERVED_BEFORE_NS)
    log = _Log()
    for minute in replay_minutes(flat, observed, reference.sessions):
        for _, vector in stream.on_minute(log.minute(minute)).vectors:
            yield vector


def backfill(
    reference: ReferenceData, data_root: Path, bars: Iterable[RecordedBars], feature_set_name: str
) -> int:
    """Fold ``bars`` into the offline and online store under ``data_root``; return the rows written.

    Running it again writes nothing new. Which online store it is, the environment says.
    """
    table = FeatureTable(feature_set_name, feature_set(feature_set_name).column_names)
    paths = StorePaths(data_root)
    rows = list(fold(reference, bars, feature_set_name))
    with closing(OfflineWriter(paths.offline(feature_set_name), table)) as offline:
        for start in range(0, len(rows), PART_ROWS):
            part = rows[start : start + PART_ROWS]
            offline.append(0, start, start + len(part) - 1, part)
    with closing(open_online(OnlineStoreSettings(), paths, table)) as online:
        online.write(rows)
    return len(rows)


class _Log:
    """Gives recorded values places, as if they stood in partition 0 of their topics."""

    def __init__(self) -> None:
        self._next = {BARS_TOPIC: 0, OBSERVATIONS_TOPIC: 0}

    def minute(self, minute: ReplayMinute) -> Minute:
        records = [
            *(self._record(BARS_TOPIC, bar) for bar in minute.bars),
            *(self._record(OBSERVATIONS_TOPIC, one) for one in minute.observations),
        ]
        closing = [self._record(topic, minute.clock) for topic in self._next]
        return Minute(minute.clock, records, closing)

    def _record(self, topic: str, message: Message) -> Record:
        at = LogPosition(topic, 0, self._next[topic])
        self._next[topic] += 1
        return Record(at, message, b"")
