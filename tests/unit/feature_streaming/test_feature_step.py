from collections.abc import Callable
from datetime import date

import pytest

from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream
from alphaline.market.decoding import checked_decoder
from alphaline.messages import (
    Clock,
    DeadLetter,
    FeatureGap,
    FeatureVector,
    LateBar,
    Message,
    encode,
)
from alphaline.runtime.line import LineLoop, no_faults
from alphaline.runtime.telemetry import Telemetry
from services.feature_streaming.adapters.snapshots import STATE, KafkaSnapshots
from services.feature_streaming.handlers import LATE_BARS, VECTORS, FeatureStep
from services.feature_streaming.recovery import recover
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import BARS, OBSERVATIONS, bar, clock, master, sessions, start, vix

SESSIONS = sessions()
ENGINE = Engine(feature_set("intraday_v1"), SESSIONS)
MINUTES = 30
DLQ = f"{BARS}.dlq"


class KilledError(Exception):
    """Stands for SIGKILL."""


def filled(minutes: int = MINUTES) -> MemoryBroker:
    broker = MemoryBroker(batch=11)
    for number in (0, 1):
        log: list[Message] = [start(0, lateness_min=1)]
        for minute in range(1, minutes):
            log += [bar(minute - 1, f"eq.us.spy.clone{number:04d}", close=100 + minute % 5)]
            log += [log[-1]] if minute % 6 == 0 else []
            log += [clock(minute, lateness_min=1)]
        broker.put(BARS, number, log)
    clocks = [start(0, 1), *(clock(minute, lateness_min=1) for minute in range(1, minutes))]
    seen = vix(date(2011, 2, 28), 18.0, 9), vix(date(2011, 3, 1), 19.0, 20)
    broker.put(OBSERVATIONS, 0, [*clocks[:4], seen[0], *clocks[4:15], seen[1], *clocks[15:]])
    return broker


def run(broker: MemoryBroker, probe: Callable[[str, int], None] = no_faults) -> Telemetry:
    """Run one life of the service until the log has nothing more, or the probe kills it."""
    subscription, publisher = MemorySubscription(broker), MemoryPublisher(broker)
    stream = FeatureStream(ENGINE, SESSIONS, "test")
    snapshots = KafkaSnapshots(MemorySubscription(broker), publisher)
    begin = recover(stream, snapshots, (0, 1))
    telemetry = Telemetry("feature_streaming")
    LineLoop(
        subscription=subscription,
        publisher=publisher,
        step=FeatureStep(stream, snapshots, (0, 1), 7, telemetry),
        inputs=begin.inputs,
        line_times=begin.line_times,
        decode=checked_decoder(master(), {"VIX": "index points"}),
        telemetry=telemetry,
        forward_to=[(topic, number) for topic in (VECTORS, LATE_BARS) for number in (0, 1)],
        dead_letters_for=frozenset((BARS, OBSERVATIONS)),
        probe=probe,
    ).run(lambda: subscription.polls_without_a_message > 1)
    return telemetry


def outputs(broker: MemoryBroker) -> dict[tuple[str, int], list[bytes | None]]:
    return {
        key: list(dict.fromkeys(broker.values(*key)))
        for key in ((topic, number) for topic in (VECTORS, LATE_BARS) for number in (0, 1))
    }


@pytest.fixture(scope="module")
def unbroken() -> MemoryBroker:
    broker = filled()
    run(broker)
    return broker


@pytest.mark.parametrize("place", ["received", "published", "committed"])
@pytest.mark.parametrize("after", [1, 40, 90, 150])
def test_a_service_killed_anywhere_and_started_again_writes_the_same_bytes(
    unbroken: MemoryBroker, place: str, after: int
) -> None:
    broker = filled()

    def probe(where: str, records: int) -> None:
        if where == place and records >= after:
            raise KilledError

    for _ in range(2):
        with pytest.raises(KilledError):
            run(broker, probe)
        after = 20
    run(broker)
    assert outputs(broker) == outputs(unbroken)


def test_a_service_killed_between_the_snapshots_of_two_partitions_recovers(
    unbroken: MemoryBroker,
) -> None:
    broker = filled()
    run(broker)
    # As if it had died when the first partition had its snapshots and the second none of them yet.
    broker.logs[STATE, 1] = []
    broker.logs[VECTORS, 1] = []
    for _ in range(2):
        run(broker)
    assert outputs(broker)[VECTORS, 1] == outputs(unbroken)[VECTORS, 1]
    assert outputs(broker)[VECTORS, 0] == outputs(unbroken)[VECTORS, 0]


def test_a_partition_that_waits_for_the_others_is_not_snapshotted_under_a_foreign_line_time() -> (
    None
):
    broker = filled()
    run(broker)
    broker.logs[STATE, 1] = []
    before = len(broker.logs[STATE, 0])

    def probe(where: str, records: int) -> None:
        if where == "committed" and records >= 60:
            raise KilledError

    with pytest.raises(KilledError):
        run(broker, probe)
    assert len(broker.logs[STATE, 0]) == before
    assert broker.logs[STATE, 1]


def test_late_conflicting_old_and_future_bars_go_where_they_belong_and_the_line_goes_on() -> None:
    broker = filled(6)
    spy = "eq.us.spy.clone0000"
    broker.put(
        BARS,
        0,
        [
            bar(0, spy, close=104.0),
            bar(500, spy),
            bar(-300, spy),
            bar(1, "eq.us.spy"),
            clock(6, lateness_min=1),
            bar(5, spy),
            clock(7, lateness_min=1),
        ],
    )
    broker.put(BARS, 1, [clock(6, lateness_min=1), clock(7, lateness_min=1)])
    broker.put(OBSERVATIONS, 0, [clock(6, lateness_min=1), clock(7, lateness_min=1)])
    telemetry = run(broker)
    letters = [letter for letter in broker.messages(DLQ) if isinstance(letter, DeadLetter)]
    assert sorted(letter.reason for letter in letters) == [
        "BAR_CONFLICT",
        "BAR_FROM_FUTURE",
        "BAR_TOO_OLD",
    ]
    for letter in letters:
        assert letter.raw() == broker.logs[BARS, 0][letter.offset].value
    made = broker.messages(VECTORS, 0)
    assert [m.instrument for m in made if isinstance(m, FeatureGap)] == ["eq.us.spy"]
    assert [m.bar for m in broker.messages(LATE_BARS, 0) if isinstance(m, LateBar)] == [
        bar(1, "eq.us.spy")
    ]
    assert isinstance(made[-1], Clock)
    assert sum(isinstance(m, FeatureVector) for m in made) == 6
    assert b"market_duplicate_bars_total" in telemetry.answer("/metrics")[2]


def test_a_bar_that_is_repeated_gives_no_second_vector(unbroken: MemoryBroker) -> None:
    vectors = [m for m in unbroken.messages(VECTORS, 0) if isinstance(m, FeatureVector)]
    assert len({m.ts_event for m in vectors}) == len(vectors) == MINUTES - 2


def test_a_dead_letter_is_repeated_byte_for_byte_after_a_crash() -> None:
    broker = filled(6)
    broker.append(BARS, 0, b"not json", key="x")
    broker.put(BARS, 0, [clock(6, lateness_min=1)])
    broker.put(BARS, 1, [clock(6, lateness_min=1)])
    broker.put(OBSERVATIONS, 0, [clock(6, lateness_min=1)])

    def probe(where: str, records: int) -> None:
        if where == "published":
            raise KilledError

    with pytest.raises(KilledError):
        run(broker, probe)
    run(broker)
    values = set(broker.values(DLQ))
    assert len(values) == 1
    (letter,) = {encode(m) for m in broker.messages(DLQ)}
    assert b"NOT_JSON" in letter
