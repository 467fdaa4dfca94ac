from collections.abc import Callable
from pathlib import Path

import pytest

from alphaline.errors import ClockError
from alphaline.market.replay import ReplayMinute
from alphaline.messages import Clock, Message
from alphaline.runtime.line_clock import TAIL_MESSAGES
from alphaline.runtime.telemetry import Telemetry
from services.market_data.adapters.clock_log import KafkaClockLog
from services.market_data.adapters.lease import FileClockLease
from services.market_data.adapters.pace import Paced, Unpaced
from services.market_data.handlers import publish_replay
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import BARS, OBSERVATIONS, at, bar, clock, start, vix

KEYS = [(BARS, 0), (BARS, 1), (OBSERVATIONS, 0)]


def minutes(last: int) -> list[ReplayMinute]:
    from datetime import date

    known = [vix(date(2011, 2, 28), 18.0, 0)]
    first = ReplayMinute(start(0), [], known)
    return [first, *(ReplayMinute(clock(n), [bar(n - 1)], []) for n in range(1, last + 1))]


def publish(broker: MemoryBroker, is_stopping: Callable[[], bool] = lambda: False) -> int:
    return publish_replay(
        minutes(3), MemoryPublisher(broker), 2, Unpaced(), Telemetry("t"), is_stopping
    )


def test_the_records_of_a_minute_stand_before_its_clock_record_in_every_partition() -> None:
    broker = MemoryBroker()
    assert publish(broker) == 4
    for key in KEYS:
        clocks = [m.ts for m in broker.messages(*key) if isinstance(m, Clock)]
        assert clocks == [at(0), at(1), at(2), at(3)]
    kinds = [type(message).__name__ for message in broker.messages(BARS, 0)]
    assert kinds == ["Clock", "Bar", "Clock", "Bar", "Clock", "Bar", "Clock"]
    assert [type(m).__name__ for m in broker.messages(OBSERVATIONS, 0)][:2] == [
        "Observation",
        "Clock",
    ]


def test_a_stop_ends_the_replay_between_two_minutes() -> None:
    broker = MemoryBroker()
    asked = iter([False, False, True])
    assert publish(broker, lambda: next(asked)) == 2
    assert KafkaClockLog(MemorySubscription(broker), KEYS).last_clock() == at(1)


@pytest.mark.parametrize(
    ("tails", "expected"),
    [
        ([[], [], []], 0),
        ([[start(0), clock(1)], [start(0)], [start(0), clock(1)]], at(0)),
        ([[start(0), clock(1), clock(1)], [start(0), clock(1)], [start(0), clock(1)]], at(1)),
        ([[start(0), clock(1)], [], [start(0)]], 0),
    ],
)
def test_the_clock_stands_at_the_lowest_last_record(
    tails: list[list[Message]], expected: int
) -> None:
    broker = MemoryBroker()
    for key, log in zip(KEYS, tails, strict=True):
        broker.put(*key, log)
    assert KafkaClockLog(MemorySubscription(broker), KEYS).last_clock() == expected


def test_garbage_on_the_topic_does_not_hide_the_clock() -> None:
    broker = MemoryBroker()
    for key in KEYS:
        broker.put(*key, [start(0), clock(1)])
        broker.append(*key, b"not json")
    assert KafkaClockLog(MemorySubscription(broker), KEYS).last_clock() == at(1)
    assert TAIL_MESSAGES > 1_000


def test_one_process_at_a_time_holds_the_clock_lease(tmp_path: Path) -> None:
    path = tmp_path / "clock.lease"
    with (
        FileClockLease(path, "replay"),
        pytest.raises(ClockError, match="stop it first"),
        FileClockLease(path, "replay"),
    ):
        pass


def test_a_holder_keeps_its_epoch_over_restarts_and_another_one_gets_the_next(
    tmp_path: Path,
) -> None:
    epochs = []
    for holder in ("replay", "replay", "live", "live", "replay"):
        with FileClockLease(tmp_path / "clock.lease", holder) as lease:
            epochs.append(lease.epoch)
    assert epochs == [1, 1, 2, 2, 3]


def test_a_pace_that_is_told_to_stop_waits_no_longer() -> None:
    pace = Paced(1e-9, lambda: True)
    pace.wait_for(at(0))
    pace.wait_for(at(1))
