from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import MessageError
from alphaline.market.minutes import Minute
from alphaline.messages import Bar, Clock, DeadLetter, FeatureGap, Message, decode
from alphaline.runtime.line import BACKLOG_HIGH, LineLoop
from alphaline.runtime.messaging import Outgoing, TopicPartitionKey
from alphaline.runtime.patience import StoppedError
from alphaline.runtime.telemetry import Telemetry
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import BARS, at, bar, clock, start

VECTORS = "features.vectors.v1"
KEYS = [(BARS, 0), (BARS, 1)]


class KilledError(Exception):
    """Stands for SIGKILL at a probe: nothing after it runs."""


class Step:
    """Makes one value of each bar and commits its place, as the stateless services do."""

    def __init__(self, subscription: MemorySubscription, publisher: MemoryPublisher) -> None:
        self._subscription, self._publisher = subscription, publisher
        self.journal: list[str] = []
        self.idle = 0

    def on_minute(self, minute: Minute) -> Iterator[Outgoing]:
        """Yield a value for each bar of the minute, into its partition."""
        for record in minute.records:
            message = record.message
            assert isinstance(message, Bar)
            made = FeatureGap(
                instrument=message.instrument,
                ts_event=message.ts_event,
                ts_known=minute.ts,
                feature_set="test",
            )
            yield Outgoing(VECTORS, message.instrument, made, record.at.partition)

    def checkpoint(self, line_time: int, positions: Mapping[TopicPartitionKey, int]) -> None:
        """Commit; nothing may be on its way by then."""
        assert self._publisher.unflushed == 0
        self.journal.append(f"checkpoint {line_time}")
        self._subscription.commit(positions)

    def on_idle(self) -> None:
        """Count."""
        self.idle += 1


def bars_log(partition: int, minutes: int) -> list[Message]:
    found: list[Message] = [start(0)]
    for minute in range(1, minutes):
        found += [bar(minute - 1, f"eq.us.p{partition}"), clock(minute)]
    return found


def line(broker: MemoryBroker, **changed) -> tuple[LineLoop, Step, MemorySubscription]:
    subscription, publisher = MemorySubscription(broker), MemoryPublisher(broker)
    step = changed.pop("step", Step(subscription, publisher))
    values = {
        "subscription": subscription,
        "publisher": publisher,
        "step": step,
        "inputs": dict.fromkeys(KEYS),
        "decode": decode,
        "telemetry": Telemetry("test"),
        "forward_to": [(VECTORS, 0), (VECTORS, 1)],
        **changed,
    }
    return LineLoop(**values), step, subscription


def run_to_the_end(broker: MemoryBroker, **changed) -> tuple[Step, MemorySubscription]:
    loop, step, subscription = line(broker, **changed)
    loop.run(lambda: subscription.polls_without_a_message > 1)
    return step, subscription


def filled(minutes: int, batch: int = 7) -> MemoryBroker:
    broker = MemoryBroker(batch)
    for number in (0, 1):
        broker.put(BARS, number, bars_log(number, minutes))
    return broker


def distinct(values: list[bytes | None]) -> list[bytes | None]:
    return list(dict.fromkeys(values))


def test_what_a_minute_makes_stands_before_its_forwarded_clock_record() -> None:
    broker = filled(4)
    run_to_the_end(broker)
    for partition in (0, 1):
        kinds = [
            (type(m).__name__, m.ts_known if isinstance(m, FeatureGap) else m.ts)
            for m in broker.messages(VECTORS, partition)
            if isinstance(m, FeatureGap | Clock)
        ]
        expected = [("Clock", at(0))]
        for minute in (1, 2, 3):
            expected += [("FeatureGap", at(minute)), ("Clock", at(minute))]
        assert kinds == expected


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["received", "published", "committed"]),
    st.integers(1, 60),
    st.integers(1, 9),
)
def test_a_crash_at_any_probe_point_and_a_restart_lose_nothing_and_repeat_equal_bytes(
    place: str, after: int, batch: int
) -> None:
    unbroken = filled(12, batch)
    run_to_the_end(unbroken)
    broken = filled(12, batch)

    def probe(where: str, records: int) -> None:
        if where == place and records >= after:
            raise KilledError

    try:
        run_to_the_end(broken, probe=probe)
    except KilledError:
        run_to_the_end(broken)
    for partition in (0, 1):
        expected = unbroken.values(VECTORS, partition)
        assert distinct(broken.values(VECTORS, partition)) == expected
        assert broken.committed[BARS, partition] == len(unbroken.logs[BARS, partition])


def test_only_the_designated_service_writes_dead_letters_and_the_line_goes_on() -> None:
    broker = MemoryBroker()
    broker.put(BARS, 0, [start(0), bar(0)])
    broker.append(BARS, 0, b'{"type":"bar","instr', key="eq.us.spy")
    broker.put(BARS, 0, [clock(1), bar(1), clock(2)])
    broker.put(BARS, 1, [start(0), clock(1), clock(2)])
    run_to_the_end(broker)
    assert (f"{BARS}.dlq", 0) not in broker.logs
    broker.committed.clear()
    run_to_the_end(broker, dead_letters_for=frozenset({BARS}))
    (letter,) = broker.messages(f"{BARS}.dlq")
    assert isinstance(letter, DeadLetter)
    assert (letter.reason, letter.offset, letter.key) == ("NOT_JSON", 2, "eq.us.spy")
    assert letter.raw() == b'{"type":"bar","instr'
    assert sum(isinstance(m, FeatureGap) for m in distinct(broker.messages(VECTORS, 0))) == 2


def test_a_bar_under_another_instruments_key_is_rejected() -> None:
    broker = MemoryBroker()
    broker.put(BARS, 0, [start(0)])
    broker.append(BARS, 0, b'{"type":"bar"' + _after_type(bar(0)), key="eq.us.ibm")
    broker.put(BARS, 0, [clock(1)])
    run_to_the_end(broker, inputs={(BARS, 0): None}, dead_letters_for=frozenset({BARS}))
    (letter,) = broker.messages(f"{BARS}.dlq")
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "KEY_IS_NOT_THE_INSTRUMENT"


def _after_type(message: Bar) -> bytes:
    from alphaline.messages import encode

    return encode(message).removeprefix(b'{"type":"bar"')


def test_a_partition_that_runs_ahead_is_paused_until_the_others_follow() -> None:
    broker = MemoryBroker(batch=200)
    minutes = BACKLOG_HIGH + 400
    broker.put(BARS, 0, bars_log(0, minutes))
    loop, _, subscription = line(broker)
    loop.run(lambda: subscription.polls_without_a_message > 1)
    assert subscription.paused == {(BARS, 0)}
    broker.put(BARS, 1, bars_log(1, minutes))
    run_to_the_end(broker)
    assert sum(isinstance(m, FeatureGap) for m in broker.messages(VECTORS, 0)) == minutes - 1


def test_a_paused_partition_goes_on_in_the_same_run() -> None:
    broker = MemoryBroker(batch=200)
    minutes = BACKLOG_HIGH + 400
    broker.put(BARS, 0, bars_log(0, minutes))
    loop, _, subscription = line(broker)

    def let_the_other_follow() -> bool:
        if subscription.paused and (BARS, 1) not in broker.logs:
            broker.put(BARS, 1, bars_log(1, minutes))
        return subscription.polls_without_a_message > 2

    loop.run(let_the_other_follow)
    assert subscription.pauses > 0
    assert subscription.paused == set()
    assert broker.committed == {key: len(broker.logs[key]) for key in KEYS}


def test_a_minute_that_was_left_unfinished_is_not_checkpointed_and_done_again() -> None:
    broker = filled(6)

    class Stopped(Step):
        def on_minute(self, minute: Minute) -> Iterator[Outgoing]:
            """Be told to stop in the middle of the third minute."""
            for outgoing in super().on_minute(minute):
                yield outgoing
                if minute.ts == at(3):
                    raise StoppedError("stopped")

    subscription, publisher = MemorySubscription(broker), MemoryPublisher(broker)
    loop, step, _ = line(
        broker,
        subscription=subscription,
        publisher=publisher,
        step=Stopped(subscription, publisher),
    )
    loop.run(lambda: False)
    assert f"checkpoint {at(3)}" not in step.journal
    run_to_the_end(broker)
    unbroken = filled(6)
    run_to_the_end(unbroken)
    for partition in (0, 1):
        assert distinct(broker.values(VECTORS, partition)) == unbroken.values(VECTORS, partition)


def test_nothing_to_do_is_told_to_the_step() -> None:
    step, _ = run_to_the_end(filled(3))
    assert step.idle > 0


def test_rejections_are_counted_by_reason() -> None:
    broker = filled(3)
    broker.append(BARS, 0, None)

    def refuse(topic: str, value: bytes | None) -> Message:
        message = decode(topic, value)
        if isinstance(message, Bar):
            raise MessageError("PRICE_NOT_FINITE", "for a test")
        return message

    telemetry = Telemetry("test")
    run_to_the_end(broker, decode=refuse, telemetry=telemetry)
    text = telemetry.answer("/metrics")[2].decode()
    for reason, count in (("EMPTY_VALUE", 1), ("PRICE_NOT_FINITE", 4)):
        line_ = f'line_rejected_total{{reason="{reason}",service="test",topic="{BARS}"}} {count}.0'
        assert line_ in text
    assert 'line_minutes_total{service="test"} 3.0' in text


@pytest.mark.parametrize("batch", [1, 7])
def test_what_was_read_and_published_is_counted_by_topic(batch: int) -> None:
    telemetry = Telemetry("test")
    run_to_the_end(filled(3, batch), telemetry=telemetry)
    text = telemetry.answer("/metrics")[2].decode()
    assert f'line_records_total{{service="test",topic="{BARS}"}} 10.0' in text
    assert f'line_published_total{{service="test",topic="{VECTORS}"}} 4.0' in text


@pytest.mark.parametrize("place", ["received", "published", "committed"])
def test_the_probe_is_told_every_place_with_the_records_so_far(place: str) -> None:
    seen: list[tuple[str, int]] = []
    run_to_the_end(filled(5), probe=lambda where, records: seen.append((where, records)))
    counts = [records for where, records in seen if where == place]
    assert counts == sorted(counts)
    assert counts[-1] == 18


def test_a_minute_is_timed_from_the_stamp_of_the_partition_that_it_waited_for() -> None:
    broker = MemoryBroker()
    for number, stamp_ms in ((0, 1_000), (1, 1_800)):
        broker.stamp_ms = stamp_ms
        broker.put(BARS, number, bars_log(number, 3))
    # A repeated record does not make the minute younger.
    broker.stamp_ms = 9_000
    broker.put(BARS, 0, [clock(2)])
    telemetry = Telemetry("test")
    run_to_the_end(broker, telemetry=telemetry, now=lambda: 2.0)
    text = telemetry.answer("/metrics")[2].decode()
    assert 'line_hop_seconds_count{service="test"} 3.0' in text
    assert telemetry.registry.get_sample_value(
        "line_hop_seconds_sum", {"service": "test"}
    ) == pytest.approx(3 * 0.2)


def test_a_writer_whose_clock_is_ahead_makes_no_negative_time() -> None:
    broker = filled(2)
    telemetry = Telemetry("test")
    run_to_the_end(broker, telemetry=telemetry, now=lambda: -5.0)
    found = telemetry.registry.get_sample_value("line_hop_seconds_sum", {"service": "test"})
    assert found == 0


def test_stamps_of_finished_minutes_are_not_kept() -> None:
    broker = filled(40)
    broker.put(BARS, 0, [clock(minute) for minute in range(1, 40)])
    loop, _, subscription = line(broker)
    loop.run(lambda: subscription.polls_without_a_message > 1)
    assert loop._stamps_ms == {}


def test_what_waits_in_the_log_is_told_by_topic() -> None:
    broker = filled(11, batch=5)
    telemetry = Telemetry("test")
    waiting: list[float | None] = []
    labels = {"service": "test", "topic": BARS}

    def look(where: str, _: int) -> None:
        if where == "published":
            found = telemetry.registry.get_sample_value("line_records_waiting", labels)
            waiting.append(found)

    run_to_the_end(broker, telemetry=telemetry, probe=look)
    # 21 records a partition, five of each at a poll.
    assert waiting == [42, 32, 22, 12, 2]
    assert telemetry.registry.get_sample_value("line_records_waiting", labels) == 0
    assert telemetry.registry.get_sample_value("line_brokers_connected", {"service": "test"}) == 1


def test_dead_letters_are_counted_as_published() -> None:
    broker = filled(3)
    broker.append(BARS, 0, b"no JSON")
    telemetry = Telemetry("test")
    run_to_the_end(broker, telemetry=telemetry, dead_letters_for=frozenset({BARS}))
    labels = {"service": "test", "topic": f"{BARS}.dlq"}
    assert telemetry.registry.get_sample_value("line_published_total", labels) == 1
