from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from alphaline.market.replay import (
    BEYOND_MINUTES,
    ReplayFaults,
    ReplayMinute,
    clock_times,
    following,
    recorded_minutes,
    replay_minutes,
    with_faults,
)
from alphaline.market.sessions import session_label
from alphaline.messages import MINUTE_NS, Bar
from alphaline.runtime.reference import ReferenceData
from tests.line_values import ROOT

REFERENCE = ReferenceData(ROOT / "data/sample")
HOUR_NS = 60 * MINUTE_NS
FAULTS = ReplayFaults(duplicate_every=50, late_every=70, beyond_every=5)


def session(day: date) -> int:
    return REFERENCE.sessions.index_of(session_label(day))


@pytest.fixture(scope="module")
def bars() -> list[Bar]:
    """Return the Friday before and the Monday after the clocks changed."""
    sessions = REFERENCE.sessions
    first, last = session(date(2011, 3, 11)), session(date(2011, 3, 14))
    recorded = REFERENCE.bars(ROOT / "data/sample/spy_minute_2011.parquet", "eq.us.spy")
    return list(recorded.between(int(sessions.start[first]), int(sessions.end[last])))


@pytest.fixture(scope="module")
def minutes(bars: list[Bar]) -> list[ReplayMinute]:
    known = REFERENCE.observations(session_label(date(2011, 3, 1)))
    return list(replay_minutes(bars, known, REFERENCE.sessions))


def test_the_clock_runs_from_four_to_a_minute_past_eight_on_both_sides_of_the_dst_change(
    bars: list[Bar],
) -> None:
    times = clock_times(bars, REFERENCE.sessions)
    friday, monday = session_label(date(2011, 3, 11)), session_label(date(2011, 3, 14))
    day = 16 * 60 + 2
    assert len(times) == 2 * day
    assert (times[0], times[day - 1]) == (friday + 9 * HOUR_NS, friday + 25 * HOUR_NS + MINUTE_NS)
    assert (times[day], times[-1]) == (monday + 8 * HOUR_NS, monday + 24 * HOUR_NS + MINUTE_NS)
    steps = Counter(b - a for a, b in pairwise(times))
    assert steps == {MINUTE_NS: 2 * day - 2, monday + 8 * HOUR_NS - times[day - 1]: 1}


def test_the_clock_records_are_a_chain_that_opens_with_a_start(minutes: list[ReplayMinute]) -> None:
    clocks = [minute.clock for minute in minutes]
    assert (clocks[0].kind, clocks[0].previous) == ("start", 0)
    assert {clock.kind for clock in clocks[1:]} == {"tick"}
    assert [clock.previous for clock in clocks[1:]] == [clock.ts for clock in clocks[:-1]]


def test_every_record_stands_before_the_first_clock_record_that_knows_it(
    bars: list[Bar], minutes: list[ReplayMinute]
) -> None:
    for minute in minutes:
        for record in (*minute.bars, *minute.observations):
            assert minute.clock.previous < record.ts_known <= minute.clock.ts
    assert [bar for minute in minutes for bar in minute.bars] == bars


def test_a_session_without_a_recorded_bar_is_part_of_the_jump(bars: list[Bar]) -> None:
    monday = REFERENCE.sessions.start[session(date(2011, 3, 14))]
    later = REFERENCE.sessions.start[session(date(2011, 3, 16))]
    far = [bar for bar in bars if bar.ts_event < monday][:1]
    near = REFERENCE.bars(ROOT / "data/sample/spy_minute_2011.parquet", "eq.us.spy")
    chosen = [*far, *list(near.between(int(later), int(later) + 16 * HOUR_NS))[:1]]
    assert len(clock_times(chosen, REFERENCE.sessions)) == 2 * (16 * 60 + 2)


@pytest.mark.parametrize("cut", [0, 1, 480, 961, 962, 1_500])
def test_a_resumed_replay_writes_the_same_remaining_minutes(
    bars: list[Bar], minutes: list[ReplayMinute], cut: int
) -> None:
    known = REFERENCE.observations(session_label(date(2011, 3, 1)))
    after = minutes[cut].clock.ts
    assert list(replay_minutes(bars, known, REFERENCE.sessions, after=after)) == minutes[cut + 1 :]
    assert list(following(minutes, after)) == minutes[cut + 1 :]


def test_a_replay_after_another_recording_is_chained_to_it(minutes: list[ReplayMinute]) -> None:
    after = minutes[0].clock.ts - 77 * HOUR_NS
    first, second, *_ = following(minutes, after)
    assert (first.clock.previous, first.clock.kind) == (after, "tick")
    assert first.bars == minutes[0].bars
    assert second == minutes[1]


def test_a_drill_repeats_and_delays_bars_and_loses_none(
    bars: list[Bar], minutes: list[ReplayMinute]
) -> None:
    written = [
        (minute.clock, bar) for minute in with_faults(minutes, FAULTS) for bar in minute.bars
    ]
    copies = Counter(bar.ts_event for _, bar in written)
    assert set(copies) == {bar.ts_event for bar in bars}
    assert set(copies.values()) == {1, 2}
    assert abs(sum(count == 2 for count in copies.values()) - len(bars) // 50) <= len(bars) // 70
    delays = Counter((clock.ts - bar.ts_known) // MINUTE_NS for clock, bar in written)
    assert set(delays) == {0, 1, 2, BEYOND_MINUTES}
    assert delays[1] + delays[2] + delays[BEYOND_MINUTES] == len(bars) // 70
    ends = {minute.clock.ts for minute in minutes}
    assert all(clock.ts in ends for clock, _ in written)


def test_a_drill_that_is_resumed_anywhere_goes_on_with_the_same_faults(
    minutes: list[ReplayMinute],
) -> None:
    whole = list(with_faults(minutes, FAULTS))
    for cut in range(60, len(whole), 97):
        after = whole[cut].clock.ts
        assert list(following(with_faults(minutes, FAULTS), after)) == whole[cut + 1 :]


def test_without_faults_a_drill_changes_nothing(minutes: list[ReplayMinute]) -> None:
    assert list(with_faults(minutes, ReplayFaults())) == minutes


def test_recorded_minutes_have_offsets_as_a_log_has(minutes: list[ReplayMinute]) -> None:
    seen = list(recorded_minutes(minutes[:3]))
    places = [r.at for minute in seen for r in (*minute.records, *minute.clocks)]
    for topic in {place.topic for place in places}:
        assert sorted(p.offset for p in places if p.topic == topic) == list(
            range(sum(p.topic == topic for p in places))
        )
