"""What the gateway keeps in memory: bounded, fed by one thread, read by many."""

import threading
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from alphaline.messages import (
    Clock,
    Fill,
    Message,
    ModelDeployed,
    OrderEvent,
    SignalApproved,
    SignalDenied,
)

# Deployments stand in the log without clock records: a reader takes them by their own line time.
WITHOUT_CLOCK = frozenset({"models.deployed.v1"})

Signal = SignalApproved | SignalDenied
Shown = SignalApproved | SignalDenied | OrderEvent | Fill
Key = tuple[int, str]


class LogPlace(NamedTuple):
    """Where a message stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


class KnownSignal(NamedTuple):
    """A signal with the place where it was first read."""

    place: LogPlace
    signal: Signal


class Event(NamedTuple):
    """Something that stream clients are told."""

    place: LogPlace
    message: Shown


class Kept(NamedTuple):
    """How many signals are kept by outcome, and the line time of the newest, None without any."""

    approved: int
    denied: int
    last_line_time: int | None


class Signals:
    """The last signals in the order (line time, decision id); a repetition changes nothing."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: list[Key] = []
        self._by_id: dict[str, KnownSignal] = {}
        self._approved = 0
        self._lock = threading.Lock()

    def add(self, known: KnownSignal) -> bool:
        """Keep a signal and return whether it is new; the oldest goes where there is no room."""
        decision_id = known.signal.decision_id
        with self._lock:
            if decision_id in self._by_id:
                return False
            self._by_id[decision_id] = known
            insort(self._keys, (line_time_of(known.signal), decision_id))
            self._approved += isinstance(known.signal, SignalApproved)
            if len(self._keys) > self._capacity:
                gone = self._by_id.pop(self._keys.pop(0)[1])
                self._approved -= isinstance(gone.signal, SignalApproved)
        return True

    def get(self, decision_id: str) -> KnownSignal | None:
        """Return the signal of a decision, None where it is not kept."""
        return self._by_id.get(decision_id)

    def kept(self) -> Kept:
        """Return how many of each outcome are kept, and up to when."""
        with self._lock:
            last = self._keys[-1][0] if self._keys else None
            return Kept(self._approved, len(self._keys) - self._approved, last)

    def page(
        self, limit: int, before: Key | None, wanted: Callable[[Signal], bool]
    ) -> tuple[list[KnownSignal], Key | None]:
        """Return up to ``limit`` wanted signals before ``before``, newest first, and the next cursor."""
        with self._lock:
            end = len(self._keys) if before is None else bisect_left(self._keys, before)
            found: list[KnownSignal] = []
            for position in range(end - 1, -1, -1):
                known = self._by_id[self._keys[position][1]]
                if not wanted(known.signal):
                    continue
                if len(found) == limit:
                    return found, _key(found[-1].signal)
                found.append(known)
        return found, None

    def __len__(self) -> int:
        return len(self._keys)


class EventRing:
    """The last events; a reader that falls behind is told so, nobody waits for it."""

    def __init__(self, capacity: int) -> None:
        self._events: deque[Event] = deque(maxlen=capacity)
        self._count = 0
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def append(self, event: Event) -> None:
        """Keep an event and wake the listeners."""
        with self._lock:
            self._events.append(event)
            self._count += 1
            listeners = tuple(self._listeners)
        for wake in listeners:
            wake()

    @property
    def end(self) -> int:
        """The position after the last event."""
        return self._count

    def after(self, event_id: str) -> int | None:
        """Return the position after the event of that id, None where it is not kept (any more)."""
        with self._lock:
            first = self._count - len(self._events)
            places = [str(event.place) for event in self._events]
        return first + places.index(event_id) + 1 if event_id in places else None

    def since(self, position: int) -> tuple[Sequence[Event], int]:
        """Return the events from ``position`` on and how many before them are gone."""
        with self._lock:
            first = self._count - len(self._events)
            return list(self._events)[max(position - first, 0) :], max(first - position, 0)

    @contextmanager
    def listening(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call ``wake``, from the writer's thread, after each event."""
        with self._lock:
            self._listeners.append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(wake)


class ReadModel:
    """Everything that the gateway shows from Kafka.

    Parameters
    ----------
    partitions
        How many partitions each followed topic has.
    """

    def __init__(
        self, partitions: dict[str, int], signal_capacity: int, event_capacity: int
    ) -> None:
        self.signals = Signals(signal_capacity)
        self.events = EventRing(event_capacity)
        self.deployed: dict[tuple[str, str], ModelDeployed] = {}
        self.last_clock: Clock | None = None
        self._clocks: dict[str, dict[int, int]] = {
            topic: dict.fromkeys(range(count), 0)
            for topic, count in partitions.items()
            if topic not in WITHOUT_CLOCK
        }

    def take(self, place: LogPlace, message: Message) -> None:
        """Take the next message of a partition."""
        match message:
            case Clock():
                self._take_clock(place, message)
            case SignalApproved() | SignalDenied():
                if self.signals.add(KnownSignal(place, message)):
                    self.events.append(Event(place, message))
            case OrderEvent() | Fill():
                self.events.append(Event(place, message))
            case ModelDeployed():
                key = message.strategy_id, message.lane
                if key not in self.deployed or self.deployed[key].ts <= message.ts:
                    self.deployed[key] = message

    def line_times(self) -> dict[str, int]:
        """Return the line time of each topic that carries clock records: the least of its partitions."""
        return {topic: min(clocks.values()) for topic, clocks in self._clocks.items()}

    def _take_clock(self, place: LogPlace, clock: Clock) -> None:
        of_topic = self._clocks.setdefault(place.topic, {})
        of_topic[place.partition] = max(of_topic.get(place.partition, 0), clock.ts)
        if self.last_clock is None or clock.ts > self.last_clock.ts:
            self.last_clock = clock


def line_time_of(signal: Signal) -> int:
    """Return the clock record at which a signal was decided."""
    return signal.line_time if isinstance(signal, SignalDenied) else signal.proposal.line_time


def _key(signal: Signal) -> Key:
    return line_time_of(signal), signal.decision_id
