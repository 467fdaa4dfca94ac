"""From partition logs to minutes: the only way in which a reader of the line moves forward.

Each partition of the line is a log of records with clock records between them. A reader's line time
is the minimum over all its partitions; minute ``t`` is handled once every one of them has reached
``t``, its records in the order (ts_known, topic, instrument, ts_event). What a reader sees of a minute
is therefore a function of the logs alone, whatever the order in which their messages arrived.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from alphaline.errors import ClockError
from alphaline.messages import Clock, Message


class LogPosition(NamedTuple):
    """A partition of a topic (contract name) and an offset in it."""

    topic: str
    partition: int
    offset: int


class Record(NamedTuple):
    """A decoded message with the place where it stands; ``raw`` are its bytes."""

    at: LogPosition
    message: Message
    raw: bytes


class Minute(NamedTuple):
    """Everything that the input partitions hold between two clock records.

    ``clocks`` holds the clock record of each partition that took part, as it stands there.
    """

    clock: Clock
    records: list[Record]
    clocks: list[Record]

    @property
    def ts(self) -> int:
        """Line time once this minute is finished."""
        return self.clock.ts


@dataclass(slots=True)
class _Partition:
    line_time: int = 0
    epoch: int = 0
    open: list[Record] = field(default_factory=list)
    closed: deque[tuple[Clock, list[Record], Record]] = field(default_factory=deque)


class MinuteMerge:
    """Merges the partitions ``inputs`` (topic, partition) into minutes.

    Parameters
    ----------
    inputs
        Every partition that the reader follows; all of them carry clock records.
    line_times
        The minute up to which the reader has already finished a partition (absent: none, it starts
        with the log). Clock records at or before it are ignored.

    Raises
    ------
    ClockError
        From ``offer``, when a clock record does not follow the one before it in its partition.
    """

    def __init__(
        self,
        inputs: Iterable[tuple[str, int]],
        line_times: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        started = line_times or {}
        self._partitions = {key: _Partition(line_time=started.get(key, 0)) for key in inputs}
        self.line_time = min(started.values(), default=0)

    def offer(self, record: Record) -> None:
        """Take the next record of its partition's log."""
        partition = self._partitions[record.at.topic, record.at.partition]
        if isinstance(record.message, Clock):
            self._close(partition, record, record.message)
        else:
            partition.open.append(record)

    def pop(self) -> Minute | None:
        """Return the next minute that every partition has reached, or None."""
        heads = []
        for partition in self._partitions.values():
            if not partition.closed:
                return None
            heads.append(partition.closed[0][0].ts)
        return self._take(min(heads))

    def backlog(self, topic: str, partition: int) -> int:
        """Return how many finished minutes of a partition wait for the others."""
        return len(self._partitions[topic, partition].closed)

    def _take(self, ts: int) -> Minute:
        records: list[Record] = []
        clocks: list[Record] = []
        for partition in self._partitions.values():
            if partition.closed[0][0].ts == ts:
                clock, minute_records, closing = partition.closed.popleft()
                records += minute_records
                clocks.append(closing)
        records.sort(key=_order)
        self.line_time = ts
        return Minute(clock, records, clocks)

    @staticmethod
    def _close(partition: _Partition, record: Record, clock: Clock) -> None:
        if clock.epoch < partition.epoch:
            return
        # A repeated record of a new writer shuts the old one out already.
        partition.epoch = clock.epoch
        if clock.ts <= partition.line_time:
            return
        if partition.line_time not in (0, clock.previous):
            raise ClockError(
                f"{record.at.topic}[{record.at.partition}] offset {record.at.offset}: a clock record "
                f"that follows {clock.previous} came at line time {partition.line_time}; records are "
                "missing from the log: restore it or start the reader from a later snapshot"
            )
        partition.line_time = clock.ts
        partition.closed.append((clock, partition.open, record))
        partition.open = []


def _order(record: Record) -> tuple[int, str, str, int]:
    message: Any = record.message
    instrument = getattr(message, "instrument", "")
    return _known(message), record.at.topic, instrument, getattr(message, "ts_event", 0)


def _known(message: Any) -> int:
    # A signal becomes known with the minute that decided it, a late bar with the one that found it.
    for name in ("ts_known", "line_time", "ts_clock", "ts"):
        if hasattr(message, name):
            return int(getattr(message, name))
    proposal = getattr(message, "proposal", None)
    return int(proposal.line_time) if proposal is not None else 0
