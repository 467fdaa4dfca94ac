"""The release rule: when a bar may be used, decided by the log alone.

A bar is released, in event-time order per instrument, at the first clock record at or after its end
plus the allowed lateness. One that arrives later than that is late: its minute is a gap. Every reader
of bars uses this rule, and the backfill applies it to the lake.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from alphaline.errors import MessageError
from alphaline.market.minutes import Minute
from alphaline.messages import Bar, Clock

# How long a released bar is remembered so that its repetition is told from a late bar. Publishers
# repeat minutes after a restart, not hours; at 500 instruments the memory is 2 MB.
MEMORY_NS = 240 * 60_000_000_000
# A bar ends before the clock record of its minute is written. The clocks of a venue and of the writer
# differ by seconds; a bar this far ahead would be held back for ever by a clock that never gets there.
FUTURE_NS = 10 * 60_000_000_000
_MILLISECOND_NS = 1_000_000


class Arrival(NamedTuple):
    """A bar and where it stands; its partition is that of everything made from it."""

    bar: Bar
    partition: int
    offset: int


class Rejected(NamedTuple):
    """A bar that cannot be used, with the error that names the reason."""

    arrival: Arrival
    error: MessageError


class Released(NamedTuple):
    """What one clock record does: bars in (ts_known, instrument, ts_event) order, and the rest."""

    bars: list[Arrival]
    late: list[Arrival]
    duplicates: list[Arrival]
    rejected: list[Rejected]


class ReleaseBuffer:
    """Holds bars back until their releasing clock record.

    The same bar twice counts once. A bar with other content for the same minute is rejected with
    ``BAR_CONFLICT`` (the first wins; a vendor's correction is a new record elsewhere), one so old that
    it can no longer be told from a repetition with ``BAR_TOO_OLD``, one that ends more than ten minutes
    after the clock record that follows it with ``BAR_FROM_FUTURE``.
    """

    def __init__(self) -> None:
        self._pending: list[Arrival] = []
        self._seen: dict[str, dict[int, int]] = {}

    def on_clock(self, clock: Clock, arrivals: Iterable[Arrival]) -> Released:
        """Take the bars that arrived since the clock record before ``clock`` and release what is due."""
        lateness = clock.allowed_lateness_ms * _MILLISECOND_NS
        result = Released([], [], [], [])
        for arrival in arrivals:
            self._admit(arrival, clock, lateness, result)
        held: list[Arrival] = []
        for arrival in self._pending:
            due = arrival.bar.ts_known + lateness <= clock.ts
            (result.bars if due else held).append(arrival)
        self._pending = held
        result.bars.sort(key=_event_order)
        self._forget(clock.ts - MEMORY_NS)
        return result

    def _admit(self, arrival: Arrival, clock: Clock, lateness: int, result: Released) -> None:
        bar = arrival.bar
        is_late = bar.ts_known + lateness <= clock.previous
        error = _outside(bar, clock, is_late=is_late) or self._conflict(bar)
        if error is not None:
            result.rejected.append(Rejected(arrival, error))
        elif bar.ts_event in self._seen.setdefault(bar.instrument, {}):
            result.duplicates.append(arrival)
        else:
            self._seen[bar.instrument][bar.ts_event] = _content(bar)
            (result.late if is_late else self._pending).append(arrival)

    def _conflict(self, bar: Bar) -> MessageError | None:
        known = self._seen.get(bar.instrument, {}).get(bar.ts_event)
        return None if known in (None, _content(bar)) else _conflict(bar)

    def _forget(self, before: int) -> None:
        for seen in self._seen.values():
            # Insertion order is nearly event order: the loop ends at the first bar worth keeping.
            while seen and (first := next(iter(seen))) < before:
                del seen[first]

    def snapshot(self) -> dict[str, Any]:
        """Return the state as a value that msgspec writes as JSON."""
        return {
            "pending": [tuple(arrival) for arrival in self._pending],
            "seen": {name: [list(seen), list(seen.values())] for name, seen in self._seen.items()},
        }

    @classmethod
    def restore(cls, snapshot: dict[str, Any]) -> "ReleaseBuffer":
        """Return a buffer that goes on exactly where ``snapshot`` was taken."""
        buffer = cls()
        buffer._pending = [
            Arrival(msgspec.convert(bar, Bar), partition, offset)
            for bar, partition, offset in snapshot["pending"]
        ]
        buffer._seen = {
            name: dict(zip(starts, contents, strict=True))
            for name, (starts, contents) in snapshot["seen"].items()
        }
        return buffer


class PartitionedRelease:
    """The release rule over the partitions of a topic: what every reader of bars steps minute by minute.

    Parameters
    ----------
    topic
        Topic whose partitions carry the bars.
    """

    def __init__(self, topic: str = "market.bars.v1") -> None:
        self._topic = topic
        self._buffers: dict[int, ReleaseBuffer] = {}

    def on_minute(self, minute: Minute) -> Released:
        """Return what the minute's clock record does in the partitions that took part in it."""
        arrivals: dict[int, list[Arrival]] = {
            closing.at.partition: [] for closing in minute.clocks if closing.at.topic == self._topic
        }
        for record in minute.records:
            if isinstance(record.message, Bar):
                at = record.at
                arrivals[at.partition].append(Arrival(record.message, at.partition, at.offset))
        results = [
            self._buffer(partition).on_clock(minute.clock, items)
            for partition, items in arrivals.items()
        ]
        merged = Released([], [], [], [])
        for result in results:
            merged.bars.extend(result.bars)
            merged.late.extend(result.late)
            merged.duplicates.extend(result.duplicates)
            merged.rejected.extend(result.rejected)
        merged.bars.sort(key=_event_order)
        return merged

    def snapshot(self, partition: int) -> dict[str, Any]:
        """Return the state of one partition as a value that msgspec writes as JSON."""
        return self._buffer(partition).snapshot()

    def restore(self, partition: int, snapshot: dict[str, Any]) -> None:
        """Go on with one partition exactly where ``snapshot`` was taken."""
        self._buffers[partition] = ReleaseBuffer.restore(snapshot)

    def snapshots(self) -> dict[str, dict[str, Any]]:
        """Return the state of every partition that was seen, by its number as text."""
        return {str(number): buffer.snapshot() for number, buffer in self._buffers.items()}

    def restore_all(self, snapshots: dict[str, dict[str, Any]]) -> None:
        """Go on with every partition of ``snapshots``."""
        for number, snapshot in snapshots.items():
            self.restore(int(number), snapshot)

    def _buffer(self, partition: int) -> ReleaseBuffer:
        return self._buffers.setdefault(partition, ReleaseBuffer())


def _content(bar: Bar) -> int:
    # Python's hash of a tuple of floats is the same in every process.
    return hash((bar.open, bar.high, bar.low, bar.close, bar.volume))


def _event_order(arrival: Arrival) -> tuple[int, str, int]:
    return arrival.bar.ts_known, arrival.bar.instrument, arrival.bar.ts_event


def _outside(bar: Bar, clock: Clock, *, is_late: bool) -> MessageError | None:
    # Decided before what is remembered: when that is forgotten depends on the order of arrival.
    if bar.ts_known > clock.ts + FUTURE_NS:
        return _from_future(bar, clock)
    if is_late and bar.ts_event < clock.ts - MEMORY_NS:
        return _too_old(bar, clock)
    return None


def _conflict(bar: Bar) -> MessageError:
    return MessageError(
        "BAR_CONFLICT",
        f"{bar.instrument} {bar.ts_event}: a bar of this minute with other values came before; "
        "the first one stands",
    )


def _too_old(bar: Bar, clock: Clock) -> MessageError:
    return MessageError(
        "BAR_TOO_OLD",
        f"{bar.instrument} {bar.ts_event}: came at line time {clock.ts}, more than "
        f"{MEMORY_NS // 60_000_000_000} minutes after its minute",
    )


def _from_future(bar: Bar, clock: Clock) -> MessageError:
    return MessageError(
        "BAR_FROM_FUTURE",
        f"{bar.instrument} {bar.ts_event}: came at line time {clock.ts}, more than "
        f"{FUTURE_NS // 60_000_000_000} minutes before its minute ends",
    )
