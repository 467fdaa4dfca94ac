"""Minutes in, vectors out: the one fold that the feature service, the backfill and the backtest run."""

from typing import Any, NamedTuple

import msgspec
import numpy as np

from alphaline.errors import ContractError
from alphaline.features.engine import Engine
from alphaline.features.observations import LastKnown
from alphaline.features.vectors import vector_messages
from alphaline.market.minutes import Minute
from alphaline.market.release import Arrival, PartitionedRelease, Rejected
from alphaline.market.sessions import SessionTable
from alphaline.messages import Bar, FeatureGap, FeatureVector, LateBar, Observation


class StreamOutput(NamedTuple):
    """What one minute makes; every value with the partition it belongs to.

    ``vectors`` are in (end of the bar, instrument) order; each late bar has
    its gap.
    """

    vectors: list[tuple[int, FeatureVector]]
    gaps: list[tuple[int, FeatureGap]]
    late: list[tuple[int, LateBar]]
    duplicates: int
    rejected: list[Rejected]


class FeatureStream:
    """The state of the features of some partitions, moved forward minute by minute.

    Parameters
    ----------
    engine
        Compiled operators of one feature set.
    sessions
        The calendar in which the age of an observation is counted.
    fingerprint
        Engine fingerprint, written into every vector.
    topic
        Topic whose partitions carry the bars.

    Raises
    ------
    ContractError
        If the set is not fed bars of one minute.
    """

    def __init__(
        self,
        engine: Engine,
        sessions: SessionTable,
        fingerprint: str,
        topic: str = "market.bars.v1",
    ) -> None:
        if engine.feature_set.base != "1m":
            raise ContractError(
                f"feature set {engine.feature_set.name!r}: expected base '1m', saw "
                f"{engine.feature_set.base!r}; fold its history with features.history"
            )
        self.engine = engine
        self._fingerprint = fingerprint
        self._release = PartitionedRelease(topic)
        self._instruments: dict[str, tuple[int, int]] = {}
        self._state = engine.new_state(16)
        self._sessions = sessions
        self._known_until: int | None = None
        self.last_known = LastKnown(engine.feature_set.observations, sessions)

    def on_minute(self, minute: Minute) -> StreamOutput:
        """Release the minute's bars, fold them into the features and return what came of it."""
        for record in minute.records:
            if isinstance(record.message, Observation):
                self.last_known.observe(record.message)
        released = self._release.on_minute(minute)
        late = released.late
        return StreamOutput(
            vectors=self._vectors(released.bars, minute.ts),
            gaps=[(item.partition, self._gap(item.bar, minute.ts)) for item in late],
            late=[(item.partition, LateBar(bar=item.bar, ts_clock=minute.ts)) for item in late],
            duplicates=len(released.duplicates),
            rejected=released.rejected,
        )

    def _vectors(self, bars: list[Arrival], ts: int) -> list[tuple[int, FeatureVector]]:
        if not bars:
            return []
        values = [arrival.bar for arrival in bars]
        rows = np.array(
            [self._row(item.bar.instrument, item.partition) for item in bars], dtype=np.int32
        )
        starts = np.array([bar.ts_event for bar in values], dtype=np.int64)
        prices = np.array(
            [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in values],
            dtype=np.float64,
        )
        known = np.tile(self.last_known.row(ts), (len(values), 1))
        features, status = self.engine.update(self._state, rows, prices, starts, known)
        vectors = vector_messages(
            self.engine.feature_set, values, features, status, ts, self._fingerprint
        )
        return [(arrival.partition, vector) for arrival, vector in zip(bars, vectors, strict=True)]

    def _row(self, instrument: str, partition: int) -> int:
        if instrument not in self._instruments:
            self._instruments[instrument] = (len(self._instruments), partition)
            if len(self._instruments) > len(self._state):
                self._state = np.concatenate([self._state, self.engine.new_state(len(self._state))])
        return self._instruments[instrument][0]

    def _gap(self, bar: Bar, ts: int) -> FeatureGap:
        return FeatureGap(
            instrument=bar.instrument,
            ts_event=bar.ts_event,
            ts_known=ts,
            feature_set=self.engine.feature_set.name,
        )

    def snapshot(self, partition: int) -> bytes:
        """Return the state of one partition as JSON; ``restore`` goes on from it byte for byte."""
        names = [name for name, (_, home) in self._instruments.items() if home == partition]
        return msgspec.json.encode(
            {
                "operators": self.engine.operator_version,
                "feature_set": self.engine.feature_set.digest,
                "release": self._release.snapshot(partition),
                "last_known": self.last_known.snapshot(),
                "states": {
                    name: self._state[self._instruments[name][0]].tobytes() for name in names
                },
            }
        )

    def restore(self, partition: int, snapshot: bytes) -> bool:
        """Take over the state of one partition; of what was observed, the oldest snapshot counts.

        Returns
        -------
        bool
            False, with nothing changed, where the snapshot was made by other operators or another
            feature set: the state has to be folded again from the log.
        """
        value: dict[str, Any] = msgspec.json.decode(snapshot)
        if (value["operators"], value["feature_set"]) != (
            self.engine.operator_version,
            self.engine.feature_set.digest,
        ):
            return False
        self._release.restore(partition, value["release"])
        known_until = value["last_known"]["line_time"]
        if self._known_until is None or known_until < self._known_until:
            self.last_known.restore(value["last_known"])
            self._known_until = known_until
        for name, state in value["states"].items():
            row = self._row(name, partition)
            self._state[row] = np.frombuffer(msgspec.convert(state, bytes), dtype=np.float64)
        return True

    def forget_observations(self) -> None:
        """Start without observations, as a partition does that is folded from the start of the log."""
        self.last_known = LastKnown(self.engine.feature_set.observations, self._sessions)
