import math
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream, StreamOutput
from alphaline.market.minutes import Minute
from alphaline.messages import Message, encode
from tests.line_values import (
    BARS,
    OBSERVATIONS,
    at,
    bar,
    clock,
    minutes_of,
    records,
    sessions,
    start,
    vix,
)

SESSIONS = sessions()
ENGINE = Engine(feature_set("intraday_v1"), SESSIONS)
INSTRUMENTS = {0: ("eq.us.spy", "eq.us.ibm"), 1: ("eq.us.aapl",)}
LAST = 40


def stream() -> FeatureStream:
    return FeatureStream(ENGINE, SESSIONS, "test")


def log(partition: int, home: dict[int, tuple[str, ...]] = INSTRUMENTS) -> list[Message]:
    """Return bars of a walk, one of them two minutes late, with a clock record each minute."""
    found: list[Message] = [start(0, lateness_min=1)]
    for minute in range(1, LAST):
        for number, instrument in enumerate(home[partition]):
            if (minute + number) % 11 != 7:
                found.append(bar(minute - 1, instrument, close=100 + math.sin(minute + number)))
            if (minute + number) % 11 == 10:
                found.append(bar(minute - 4, instrument, close=100 + math.sin(minute - 3 + number)))
        found.append(clock(minute, lateness_min=1))
    return found


def series() -> list[Message]:
    clocks = [start(0, 1), *(clock(minute, lateness_min=1) for minute in range(1, LAST))]
    seen = [vix(date(2011, 2, 28), 18.4, -60), vix(date(2011, 3, 1), 21.0, 20)]
    return [seen[0], *clocks[:10], seen[1], *clocks[10:]]


MINUTES = minutes_of(
    records(BARS, 0, log(0)), records(BARS, 1, log(1)), records(OBSERVATIONS, 0, series())
)


def rows(output: StreamOutput) -> list[tuple[int, bytes]]:
    return [
        (partition, encode(message))
        for part in (output.vectors, output.gaps, output.late)
        for partition, message in part
    ]


def folded(one: FeatureStream, minutes: list[Minute]) -> list[tuple[int, bytes]]:
    return [row for minute in minutes for row in rows(one.on_minute(minute))]


def test_every_bar_in_time_gives_a_vector_and_every_late_one_a_gap() -> None:
    outputs = list(map(stream().on_minute, MINUTES))
    vectors = {(v.instrument, v.ts_event): v for out in outputs for _, v in out.vectors}
    late = {(item.bar.instrument, item.bar.ts_event) for out in outputs for _, item in out.late}
    gaps = {(gap.instrument, gap.ts_event) for out in outputs for _, gap in out.gaps}
    bars = sum(len(minute.records) for minute in MINUTES) - 2
    assert late == gaps
    assert len(late) == 9
    assert not gaps & set(vectors)
    held = 2  # two bars of the last minute wait for their releasing clock record
    assert len(vectors) + len(gaps) + held == bars
    assert all(v.ts_known == v.ts_event + 2 * 60_000_000_000 for v in vectors.values())


def test_a_vector_uses_no_observation_before_it_was_known() -> None:
    names = [column.name for column in ENGINE.feature_set.columns]
    place = next(number for number, name in enumerate(names) if "vix" in name)
    one = stream()
    values = {v.ts_known: v.values[place] for m in MINUTES for _, v in one.on_minute(m).vectors}
    before, after = values[at(19)], values[at(20)]
    assert before is not None
    assert after is not None
    assert before != after
    assert len(set(values.values())) == 2


@settings(max_examples=12, deadline=None)
@given(st.integers(0, LAST - 1))
def test_a_restored_stream_goes_on_byte_for_byte(cut: int) -> None:
    unbroken = stream()
    folded(unbroken, MINUTES[:cut])
    restored = stream()
    for partition in (0, 1):
        assert restored.restore(partition, unbroken.snapshot(partition))
    assert folded(restored, MINUTES[cut:]) == folded(unbroken, MINUTES[cut:])


def test_one_partition_or_two_give_the_same_vectors() -> None:
    everything = {0: (*INSTRUMENTS[0], *INSTRUMENTS[1])}
    shifted = [m for m in log(0, everything) if getattr(m, "instrument", "") != "eq.us.aapl"]
    # Number 2 in the joined log would be another walk: AAPL's bars are those of its own partition.
    own = [m for m in log(1) if getattr(m, "instrument", "") == "eq.us.aapl"]
    merged = sorted(
        [*shifted, *own],
        key=lambda m: (getattr(m, "ts_known", None) or m.ts, type(m).__name__ == "Clock"),
    )
    on_time = [m for m in merged if not _is_late(m)]
    single = minutes_of(records(BARS, 0, on_time), records(OBSERVATIONS, 0, series()))
    double = minutes_of(
        records(BARS, 0, [m for m in log(0) if not _is_late(m)]),
        records(BARS, 1, [m for m in log(1) if not _is_late(m)]),
        records(OBSERVATIONS, 0, series()),
    )
    assert {raw for _, raw in folded(stream(), single)} == {
        raw for _, raw in folded(stream(), double)
    }


def _is_late(message: Message) -> bool:
    number = {"eq.us.spy": 0, "eq.us.ibm": 1, "eq.us.aapl": 0}
    instrument = getattr(message, "instrument", None)
    if instrument is None:
        return False
    minute = (message.ts_event - at(0)) // 60_000_000_000 + 4  # type: ignore[attr-defined]
    return (minute + number[instrument]) % 11 == 10


def test_partitions_restored_at_different_line_times_catch_up_without_a_look_ahead() -> None:
    early, late, unbroken = stream(), stream(), stream()
    expected = folded(unbroken, MINUTES)
    first = [row for minute in MINUTES[:30] for row in rows(late.on_minute(minute))]
    folded(early, MINUTES[:15])
    restored = stream()
    assert restored.restore(0, late.snapshot(0))
    assert restored.restore(1, early.snapshot(1))
    behind = [_without_partition(minute, 0) for minute in MINUTES[15:30]]
    again = folded(restored, [*behind, *MINUTES[30:]])
    done = [row for row in first if row[0] == 0] + [
        row for row in expected[: len(first)] if row[0] == 1
    ]
    assert set(done) | set(again) == set(expected)


def test_where_a_partition_without_instruments_is_behind_its_observations_count() -> None:
    ahead, behind = stream(), stream()
    folded(ahead, MINUTES[:30])
    folded(behind, [_only(minute, OBSERVATIONS) for minute in MINUTES[:5]])
    behind.last_known.row(at(4))
    restored = stream()
    assert restored.restore(0, behind.snapshot(0))
    assert restored.restore(1, ahead.snapshot(1))
    assert folded(restored, [_without_partition(minute, 1) for minute in MINUTES[5:30]])


def _without_partition(minute: Minute, partition: int) -> Minute:
    def stays(record) -> bool:
        return record.at[:2] != (BARS, partition)

    return Minute(
        minute.clock, list(filter(stays, minute.records)), list(filter(stays, minute.clocks))
    )


def _only(minute: Minute, topic: str) -> Minute:
    def stays(record) -> bool:
        return record.at.topic == topic

    return Minute(
        minute.clock, list(filter(stays, minute.records)), list(filter(stays, minute.clocks))
    )


@pytest.mark.parametrize("changed", [b'"operators":', b'"feature_set":'])
def test_a_snapshot_of_other_operators_is_refused_and_changes_nothing(changed: bytes) -> None:
    one = stream()
    folded(one, MINUTES[:10])
    foreign = one.snapshot(0).replace(changed + b'"', changed + b'"0')
    fresh = stream()
    assert not fresh.restore(0, foreign)
    assert folded(fresh, MINUTES) == folded(stream(), MINUTES)


def test_a_warm_engine_has_changed_nothing() -> None:
    engine = Engine(feature_set("intraday_v1"), SESSIONS)
    engine.warm_up()
    assert folded(FeatureStream(engine, SESSIONS, "test"), MINUTES) == folded(stream(), MINUTES)
