"""Writes the minutes of a replay: the records first, then the clock record into every partition."""

from collections.abc import Callable, Iterable, Sequence

from alphaline.errors import ClockError
from alphaline.market.replay import ReplayMinute
from alphaline.messages import Bar
from alphaline.runtime.line import FaultProbe, no_faults
from alphaline.runtime.messaging import Outgoing, Publisher
from alphaline.runtime.telemetry import Telemetry
from services.market_data.ports import Pace

BARS = "market.bars.v1"
OBSERVATIONS = "market.observations.v1"


def publish_minute(minute: ReplayMinute, publisher: Publisher, partition_count: int) -> None:
    """Publish one minute; the clock record says that everything before it is written."""
    for bar in minute.bars:
        publisher.send(Outgoing(BARS, bar.instrument, bar))
    for observation in minute.observations:
        publisher.send(Outgoing(OBSERVATIONS, observation.series, observation, 0))
    for partition in range(partition_count):
        publisher.send(Outgoing(BARS, "clock", minute.clock, partition))
    publisher.send(Outgoing(OBSERVATIONS, "clock", minute.clock, 0))


def demand_following(bars: Sequence[Bar], after: int) -> None:
    """Return if every bar ends after the line's clock.

    Raises
    ------
    ClockError
        If one does not: line time never runs back, so it could only be late.
    """
    passed = [bar for bar in bars if bar.ts_known <= after]
    if passed:
        raise ClockError(
            f"{len(passed)} of {len(bars)} bars end at or before line time {after}, the first one is "
            f"{passed[0].instrument} at {passed[0].ts_event}: publish only bars that end after it, or "
            "start a new line"
        )


def publish_replay(
    minutes: Iterable[ReplayMinute],
    publisher: Publisher,
    partition_count: int,
    pace: Pace,
    telemetry: Telemetry,
    is_stopping: Callable[[], bool],
    probe: FaultProbe = no_faults,
) -> int:
    """Publish every minute at its pace until the recording or the service ends; return how many.

    ``probe`` is called with ``received`` before and ``published`` after each minute, and how many.
    """
    count = 0
    for minute in minutes:
        pace.wait_for(minute.clock.ts)
        if is_stopping():
            break
        probe("received", count + 1)
        publish_minute(minute, publisher, partition_count)
        probe("published", count + 1)
        telemetry.counter("line_minutes_total").inc()
        telemetry.gauge("line_time_seconds").set(minute.clock.ts / 1e9)
        count += 1
    publisher.flush()
    return count
