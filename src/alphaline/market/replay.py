"""Recorded data as the minutes of a replay: which records stand before which clock record.

A replay writes a clock record for each minute from 04:00 to 20:01 New York of every recorded session,
with one jump over each closed span; sessions without a recorded bar are part of the jump.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from msgspec import structs

from alphaline.market.minutes import LogPosition, Minute, Record
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS, Bar, Clock, Message, Observation, encode

# The last clock record of a session is one minute after its end: the bar that ends with the session
# is released by a clock record of its own session.
AFTER_END_NS = MINUTE_NS


class ReplayMinute(NamedTuple):
    """The records that stand before ``clock`` and after the clock record before it."""

    clock: Clock
    bars: list[Bar]
    observations: list[Observation]


class ReplayFaults(NamedTuple):
    """What a drill does to a recording; 0 means never.

    Parameters
    ----------
    duplicate_every
        Every n-th bar is written twice.
    late_every
        Every n-th bar is written one or two minutes late.
    beyond_every
        Every n-th of the late bars is written four minutes late instead.
    """

    duplicate_every: int = 0
    late_every: int = 0
    beyond_every: int = 0


BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"

T = TypeVar("T", Bar, Observation)

LATE_MINUTES = (1, 2)
BEYOND_MINUTES = 4


def clock_times(bars: Sequence[Bar], sessions: SessionTable) -> list[int]:
    """Return the times of the clock records of a replay of ``bars``, ascending."""
    starts = np.unique(np.array([bar.ts_event for bar in bars], dtype=np.int64))
    recorded = np.unique(np.searchsorted(sessions.start, starts, side="right") - 1)
    return [
        int(ts)
        for index in recorded
        if index >= 0
        for ts in range(sessions.start[index], sessions.end[index] + AFTER_END_NS + 1, MINUTE_NS)
    ]


def replay_minutes(
    bars: Sequence[Bar],
    observations: Sequence[Observation],
    sessions: SessionTable,
    *,
    after: int = 0,
    epoch: int = 1,
    allowed_lateness_ms: int = 0,
) -> Iterator[ReplayMinute]:
    """Yield the minutes of a replay that follow the clock record ``after`` (0: a new log).

    A record stands in the first minute whose clock record is at or after its ``ts_known``. Records
    that were known at ``after`` already stand in the log and are left out; in a new log the first
    minute carries everything that was known before it.
    """
    waiting_bars = _Queue(sorted(bars, key=lambda bar: (bar.ts_known, bar.instrument)), after)
    waiting_observations = _Queue(
        sorted(observations, key=lambda item: (item.ts_known, item.series)), after
    )
    previous = after
    for ts in clock_times(bars, sessions):
        if ts <= after:
            continue
        clock = Clock(
            ts=ts,
            previous=previous,
            epoch=epoch,
            kind="start" if previous == 0 else "tick",
            allowed_lateness_ms=allowed_lateness_ms,
        )
        yield ReplayMinute(clock, waiting_bars.until(ts), waiting_observations.until(ts))
        previous = ts


class _Queue(Generic[T]):
    def __init__(self, items: Sequence[T], after: int) -> None:
        self._items: Sequence[T] = items
        self._next = sum(1 for item in items if item.ts_known <= after) if after else 0

    def until(self, ts: int) -> list[T]:
        start = self._next
        while self._next < len(self._items) and self._items[self._next].ts_known <= ts:
            self._next += 1
        return list(self._items[start : self._next])


def with_faults(minutes: Iterable[ReplayMinute], faults: ReplayFaults) -> Iterator[ReplayMinute]:
    """Yield the same minutes with bars repeated and delayed; a delay never leaves its session.

    Which bars are touched depends on their position in the recording alone.
    """
    window: list[ReplayMinute] = []
    drill = _Drill(faults)
    for minute in minutes:
        window.append(ReplayMinute(minute.clock, list(minute.bars), minute.observations))
        if len(window) > BEYOND_MINUTES:
            drill.touch(window)
            yield window.pop(0)
    while window:
        drill.touch(window)
        yield window.pop(0)


def following(minutes: Iterable[ReplayMinute], after: int) -> Iterator[ReplayMinute]:
    """Yield the minutes whose clock records follow ``after``, chained to it (0: all, as they are).

    A drill's faults depend on the position in the recording and may move a bar behind ``after``: it is
    resumed by this from its whole schedule, where ``replay_minutes`` would start counting again.
    """
    previous = after
    for minute in minutes:
        if minute.clock.ts <= after:
            continue
        if after:
            clock = structs.replace(minute.clock, previous=previous, kind="tick")
            previous, minute = clock.ts, minute._replace(clock=clock)  # noqa: PLW2901
        yield minute


class _Drill:
    def __init__(self, faults: ReplayFaults) -> None:
        self._faults = faults
        self._bars = 0
        self._late = 0
        self._moved: set[tuple[str, int]] = set()

    def touch(self, window: list[ReplayMinute]) -> None:
        minute = window[0]
        kept: list[Bar] = []
        for bar in minute.bars:
            if (bar.instrument, bar.ts_event) in self._moved:
                self._moved.discard((bar.instrument, bar.ts_event))
                kept.append(bar)
                continue
            self._bars += 1
            delay = self._delay(window)
            if delay:
                window[delay].bars.append(bar)
                self._moved.add((bar.instrument, bar.ts_event))
            else:
                kept.append(bar)
                if _every(self._bars, self._faults.duplicate_every):
                    kept.append(bar)
        minute.bars[:] = kept

    def _delay(self, window: list[ReplayMinute]) -> int:
        if not _every(self._bars, self._faults.late_every):
            return 0
        self._late += 1
        is_beyond = _every(self._late, self._faults.beyond_every)
        delay = BEYOND_MINUTES if is_beyond else LATE_MINUTES[self._late % len(LATE_MINUTES)]
        if delay >= len(window):
            return 0
        stays_in_session = window[delay].clock.ts - window[0].clock.ts == delay * MINUTE_NS
        return delay if stays_in_session else 0


def _every(count: int, step: int) -> bool:
    return step > 0 and count % step == 0


def recorded_minutes(minutes: Iterable[ReplayMinute]) -> Iterator[Minute]:
    """Yield the minutes that a reader of one partition of each topic would see, without a broker."""
    offsets = dict.fromkeys((BARS, OBSERVATIONS), 0)
    for minute in minutes:
        yield Minute(
            clock=minute.clock,
            records=[_record(BARS, offsets, bar) for bar in minute.bars]
            + [_record(OBSERVATIONS, offsets, item) for item in minute.observations],
            clocks=[_record(topic, offsets, minute.clock) for topic in (BARS, OBSERVATIONS)],
        )


def _record(topic: str, offsets: dict[str, int], message: Message) -> Record:
    offset = offsets[topic]
    offsets[topic] = offset + 1
    return Record(LogPosition(topic, 0, offset), message, encode(message))
