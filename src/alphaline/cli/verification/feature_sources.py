"""Two ways to features of a history, backfill and stream, both folded anew from what they are given."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alphaline.cli.verification.feature_rows import FeatureRows
from alphaline.cli.verification.history import History
from alphaline.features import Engine, LastKnown, input_row
from alphaline.features.stream import FeatureStream
from alphaline.market.replay import AFTER_END_NS, recorded_minutes, replay_minutes
from alphaline.messages import (
    MINUTE_NS,
    STATUS_GAP,
    STATUS_NOT_WARM,
    STATUS_OK,
    STATUS_STALE,
    FeatureVector,
)

# A source takes a history and gives the rows that it can make of it.
Source = Callable[[History], FeatureRows]

_CODES = {
    letter: code
    for code, letter in enumerate((STATUS_OK, STATUS_NOT_WARM, STATUS_GAP, STATUS_STALE))
}


class ExtraColumn(NamedTuple):
    """A column beside the engine's: a name, and its float64 (n,) for the n bars of a history."""

    name: str
    values: Callable[[History], NDArray[np.float64]]


class Backfill:
    """The whole history in one call of the engine, with columns of others beside it."""

    def __init__(self, engine: Engine, extra: Sequence[ExtraColumn] = ()) -> None:
        self._engine = engine
        self._extra = tuple(extra)
        names = (column.name for column in self._extra)
        self._columns = (*engine.feature_set.column_names, *names)

    def __call__(self, history: History) -> FeatureRows:
        """Return the rows of ``history``."""
        bars, engine = history.bars, self._engine
        last_known = LastKnown(engine.feature_set.observations, engine.sessions)
        for seen in history.observations:
            last_known.observe(seen)
        ts_known = bars.ts_event + MINUTE_NS
        values, status = engine.update(
            engine.new_state(1),
            np.zeros(len(bars), dtype=np.int32),
            bars.values,
            bars.ts_event,
            last_known.rows(ts_known),
        )
        extra = [column.values(history).astype(np.float32) for column in self._extra]
        return FeatureRows(
            self._columns,
            ts_known,
            np.column_stack([values, *extra]),
            np.column_stack([status, *(np.isnan(found).astype(np.uint8) for found in extra)]),
        )


class Stream:
    """The fold that the feature service runs, minute by minute.

    Parameters
    ----------
    whole
        The uncut history. It is folded once, with a snapshot after each session.
    sessions_back
        A cut history is folded again from the snapshot that lies so many sessions before the one
        that holds its last bar; everything before the snapshot stays what it was.
    """

    def __init__(
        self, engine: Engine, fingerprint: str, whole: History, sessions_back: int = 1
    ) -> None:
        self._engine = engine
        self._fingerprint = fingerprint
        self._back = sessions_back
        self.rows, self._snapshots = self._fold(whole, 0, None)

    def __call__(self, history: History) -> FeatureRows:
        """Return the rows of ``history`` that become known after the snapshot."""
        since = self._resume_at(history)
        return self._fold(history, since, self._snapshots.get(since))[0]

    def from_the_start(self, history: History) -> tuple[FeatureRows, int, int]:
        """Return all rows of ``history``, its number of snapshots and how many differ from the whole's."""
        rows, snapshots = self._fold(history, 0, None)
        differing = sum(snapshots[ts] != self._snapshots[ts] for ts in snapshots)
        return rows, len(snapshots), differing

    def _resume_at(self, history: History) -> int:
        sessions = self._engine.sessions
        index = sessions.index_at(int(history.bars.ts_event[-1])) - self._back
        earlier = [ts for ts in self._snapshots if ts <= int(sessions.start[index])]
        return max(earlier, default=0)

    def _fold(
        self, history: History, since: int, snapshot: bytes | None
    ) -> tuple[FeatureRows, dict[int, bytes]]:
        sessions = self._engine.sessions
        stream = FeatureStream(self._engine, sessions, self._fingerprint)
        if snapshot is not None:
            stream.restore(0, snapshot)
        rest = history.after(since) if since else history
        last = int(history.bars.ts_event[-1]) + MINUTE_NS
        session_ends = {int(end) + AFTER_END_NS for end in sessions.end}
        vectors: list[FeatureVector] = []
        snapshots: dict[int, bytes] = {}
        minutes = replay_minutes(list(rest.bars), rest.observations, sessions, after=since)
        known = takewhile(lambda minute: minute.clock.ts <= last, minutes)
        for minute in recorded_minutes(known):
            vectors += [vector for _, vector in stream.on_minute(minute).vectors]
            if minute.ts in session_ends:
                snapshots[minute.ts] = stream.snapshot(0)
        return self._rows(vectors, since), snapshots

    def _rows(self, vectors: list[FeatureVector], since: int) -> FeatureRows:
        columns = self._engine.feature_set.column_names
        shape = (len(vectors), len(columns))
        return FeatureRows(
            columns,
            np.array([vector.ts_known for vector in vectors], dtype=np.int64),
            np.array([input_row(vector) for vector in vectors], np.float32).reshape(shape),
            np.array(
                [[_CODES[letter] for letter in vector.status] for vector in vectors], np.uint8
            ).reshape(shape),
            since,
        )
