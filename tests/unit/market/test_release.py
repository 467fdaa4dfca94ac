from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.market.release import FUTURE_NS, MEMORY_NS, Arrival, ReleaseBuffer, Released
from alphaline.messages import MINUTE_NS, Bar, Clock
from tests.line_values import at, bar, clock, start

INSTRUMENTS = ("eq.us.spy", "eq.us.aapl")
LATENESS_MIN = 2


class Step(NamedTuple):
    clock: Clock
    bars: list[Bar]


def fold(steps: list[Step], buffer: ReleaseBuffer | None = None) -> list[Released]:
    buffer = buffer or ReleaseBuffer()
    offset = 0
    results = []
    for step in steps:
        arrivals = [Arrival(item, 0, offset + n) for n, item in enumerate(step.bars)]
        offset += len(step.bars)
        results.append(buffer.on_clock(step.clock, arrivals))
    return results


def contents(result: Released) -> tuple[list[Bar], list[tuple], list[tuple], list[tuple]]:
    """Return what a clock record did, without offsets: they differ with the order of arrival."""

    def keys(arrivals):
        return sorted((a.bar.instrument, a.bar.ts_event, a.bar.close) for a in arrivals)

    rejected = sorted(
        (r.error.reason, r.arrival.bar.instrument, r.arrival.bar.ts_event) for r in result.rejected
    )
    return [a.bar for a in result.bars], keys(result.late), keys(result.duplicates), rejected


@st.composite
def logs(draw: st.DrawFn, minutes: int = 12, contents_vary: bool = False) -> list[Step]:
    """Draw a log in which every bar of two instruments arrives some minutes late, some of them twice."""
    arriving: list[list[Bar]] = [[] for _ in range(minutes + 1)]
    for instrument in INSTRUMENTS:
        for minute in range(minutes):
            for delay in draw(st.lists(st.integers(0, 5), max_size=2)):
                close = draw(st.sampled_from([100.0, 101.0])) if contents_vary else 100.0
                if minute + 1 + delay <= minutes:
                    arriving[minute + 1 + delay].append(bar(minute, instrument, close))
    steps = [Step(start(0, LATENESS_MIN), [])]
    return steps + [
        Step(clock(minute, lateness_min=LATENESS_MIN), draw(st.permutations(arriving[minute])))
        for minute in range(1, minutes + 1)
    ]


@given(logs(contents_vary=False), st.randoms(use_true_random=False))
def test_the_order_of_arrival_within_a_minute_does_not_matter(log: list[Step], random) -> None:
    shuffled = [Step(step.clock, random.sample(step.bars, len(step.bars))) for step in log]
    assert [contents(one) for one in fold(log)] == [contents(two) for two in fold(shuffled)]


@given(logs(contents_vary=True))
def test_every_bar_is_released_once_at_most_in_event_order_and_none_is_lost(log) -> None:
    results = fold(log)
    released = [arrival.bar for result in results for arrival in result.bars]
    for instrument in INSTRUMENTS:
        starts = [item.ts_event for item in released if item.instrument == instrument]
        assert starts == sorted(set(starts))
    accounted = sum(
        len(r.bars) + len(r.late) + len(r.duplicates) + len(r.rejected) for r in results
    )
    still_held = len(ReleaseBuffer.restore(snapshot_after(log)).snapshot()["pending"])
    assert accounted + still_held == sum(len(step.bars) for step in log)


@given(logs())
def test_a_bar_is_late_exactly_when_its_releasing_clock_record_has_passed(log) -> None:
    for step, result in zip(log, fold(log), strict=True):
        for arrival in result.late:
            assert arrival.bar.ts_known + LATENESS_MIN * MINUTE_NS <= step.clock.previous
        for arrival in result.bars:
            due = arrival.bar.ts_known + LATENESS_MIN * MINUTE_NS
            assert step.clock.previous < due <= step.clock.ts


def snapshot_after(steps: list[Step]) -> dict:
    buffer = ReleaseBuffer()
    fold(steps, buffer)
    return msgspec.json.decode(msgspec.json.encode(buffer.snapshot()))


@given(logs(contents_vary=True), st.integers(0, 12))
def test_a_restored_buffer_goes_on_as_the_unbroken_one(log, cut: int) -> None:
    restored = ReleaseBuffer.restore(snapshot_after(log[:cut]))
    expected = [contents(result) for result in fold(log)[cut:]]
    assert [contents(result) for result in fold(log[cut:], restored)] == expected


def one(clock_: Clock, *bars: Bar, buffer: ReleaseBuffer | None = None) -> Released:
    return fold([Step(clock_, list(bars))], buffer)[0]


def reasons(result: Released) -> list[str]:
    return [reject.error.reason for reject in result.rejected]


def test_the_same_bar_again_is_a_duplicate_and_another_content_a_conflict() -> None:
    result = one(clock(1), bar(0), bar(0), bar(0, close=101.0))
    assert ([a.bar.close for a in result.bars], len(result.duplicates)) == ([100.0], 1)
    assert reasons(result) == ["BAR_CONFLICT"]
    assert "the first one stands" in result.rejected[0].error.detail


def test_a_repetition_after_its_release_is_a_duplicate_not_a_late_bar() -> None:
    buffer = ReleaseBuffer()
    one(clock(1), bar(0), buffer=buffer)
    again = one(clock(2), bar(0), buffer=buffer)
    assert (len(again.duplicates), again.late, again.bars) == (1, [], [])


def test_a_late_bar_is_late_once() -> None:
    buffer = ReleaseBuffer()
    one(start(0), buffer=buffer)
    one(clock(1), buffer=buffer)
    assert len(one(clock(2), bar(0), buffer=buffer).late) == 1
    assert len(one(clock(3), bar(0), buffer=buffer).duplicates) == 1


def test_a_bar_that_could_no_longer_be_told_from_a_repetition_is_too_old() -> None:
    hours = MEMORY_NS // MINUTE_NS
    assert reasons(one(clock(hours + 1), bar(0))) == ["BAR_TOO_OLD"]
    assert len(one(clock(hours), bar(0)).late) == 1


@pytest.mark.parametrize("order", [(0, 5), (5, 0)])
def test_what_is_too_old_does_not_depend_on_the_order_in_which_bars_came(order) -> None:
    buffer = ReleaseBuffer()
    one(start(6), *[bar(minute) for minute in order], buffer=buffer)
    hours = MEMORY_NS // MINUTE_NS
    one(clock(hours + 3, previous=6), buffer=buffer)
    assert reasons(one(clock(hours + 4), bar(0), buffer=buffer)) == ["BAR_TOO_OLD"]


def test_a_bar_from_the_future_is_rejected_and_leaves_nothing_behind() -> None:
    ahead = FUTURE_NS // MINUTE_NS
    buffer = ReleaseBuffer()
    result = one(clock(1), bar(ahead), bar(ahead + 1), bar(10**6), buffer=buffer)
    assert reasons(result) == ["BAR_FROM_FUTURE", "BAR_FROM_FUTURE"]
    assert "eq.us.spy" in result.rejected[0].error.detail
    assert [a[0].ts_event for a in buffer.snapshot()["pending"]] == [at(ahead)]


def test_a_jump_over_a_closed_span_releases_what_was_held() -> None:
    buffer = ReleaseBuffer()
    assert one(clock(1, lateness_min=2), bar(0), buffer=buffer).bars == []
    released = one(clock(480, previous=1, lateness_min=2), bar(-1), buffer=buffer)
    assert [a.bar.ts_event for a in released.bars] == [at(-1), at(0)]


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 3))
def test_memory_is_bounded_by_time_whatever_the_length_of_the_log(lateness: int) -> None:
    buffer = ReleaseBuffer()
    count = 3 * MEMORY_NS // MINUTE_NS
    for minute in range(1, count):
        one(
            clock(minute, lateness_min=lateness),
            bar(minute - 1),
            bar(10**7 + minute),
            buffer=buffer,
        )
    kept = buffer.snapshot()
    assert len(kept["pending"]) == lateness
    assert len(kept["seen"]["eq.us.spy"][0]) <= MEMORY_NS // MINUTE_NS + 2
