import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import ClockError
from alphaline.market.minutes import Minute, MinuteMerge, Record
from alphaline.market.sessions import session_date
from tests.line_values import BARS, OBSERVATIONS, at, bar, clock, minutes_of, records, start, vix

FIRST, SECOND, SERIES = (BARS, 0), (BARS, 1), (OBSERVATIONS, 0)
LOGS = (
    records(BARS, 0, [start(0), bar(0), clock(1), bar(1), clock(2), clock(3)]),
    records(
        BARS,
        1,
        [start(0), clock(1), bar(1, "eq.us.aapl"), clock(2), bar(2, "eq.us.aapl"), clock(3)],
    ),
    records(
        OBSERVATIONS, 0, [vix(session_date(at(0)), 17.0, 0), start(0), clock(1), clock(2), clock(3)]
    ),
)


def offered(merge: MinuteMerge, log: list[Record]) -> list[Minute]:
    found = []
    for record in log:
        merge.offer(record)
        while (minute := merge.pop()) is not None:
            found.append(minute)
    return found


@st.composite
def interleavings(draw: st.DrawFn) -> list[Record]:
    turns = draw(st.permutations([number for number, log in enumerate(LOGS) for _ in log]))
    logs = [iter(log) for log in LOGS]
    return [next(logs[turn]) for turn in turns]


@given(interleavings())
def test_any_interleaving_of_the_partitions_gives_the_same_minutes(log: list[Record]) -> None:
    assert offered(MinuteMerge([FIRST, SECOND, SERIES]), log) == minutes_of(*LOGS)


def test_a_minute_holds_what_stands_between_two_clock_records_in_order_of_knowledge() -> None:
    minutes = minutes_of(*LOGS)
    assert [minute.ts for minute in minutes] == [at(0), at(1), at(2), at(3)]
    assert [record.message for record in minutes[0].records] == [vix(session_date(at(0)), 17.0, 0)]
    assert [record.at.partition for record in minutes[2].records] == [1, 0]
    assert [record.message.instrument for record in minutes[2].records] == [
        "eq.us.aapl",
        "eq.us.spy",
    ]
    assert [closing.at.offset for closing in minutes[2].clocks] == [4, 3, 3]


def test_no_minute_is_handed_out_before_every_partition_has_reached_it() -> None:
    merge = MinuteMerge([FIRST, SECOND])
    assert offered(merge, LOGS[0]) == []
    assert merge.backlog(*FIRST) == 4
    assert [minute.ts for minute in offered(merge, LOGS[1][:2])] == [at(0), at(1)]
    assert (merge.backlog(*FIRST), merge.line_time) == (2, at(1))


@pytest.mark.parametrize(
    "ignored",
    [clock(1), start(0), clock(5, previous=4, epoch=0)],
    ids=["repeated", "start again", "lower epoch"],
)
def test_a_repeated_clock_record_and_one_of_a_lower_epoch_change_nothing(ignored) -> None:
    log = records(BARS, 0, [start(0), clock(1), ignored, bar(1), clock(2)])
    assert [minute.ts for minute in minutes_of(log)] == [at(0), at(1), at(2)]
    assert [record.message for record in minutes_of(log)[2].records] == [bar(1)]


def test_a_new_writer_shuts_out_the_old_one_even_while_it_repeats() -> None:
    new, old = clock(1, epoch=2), clock(2, epoch=1)
    log = records(BARS, 0, [start(0), clock(1), new, old, clock(2, epoch=2)])
    assert [minute.clock.epoch for minute in minutes_of(log)] == [1, 1, 2]


def test_a_record_that_repeats_after_a_restart_of_its_writer_falls_into_the_next_minute() -> None:
    log = records(BARS, 0, [start(0), bar(0), clock(1), bar(0), clock(1), bar(1), clock(2)])
    assert [record.message for record in minutes_of(log)[2].records] == [bar(0), bar(1)]


def test_a_missing_clock_record_stops_the_reader_and_names_the_place() -> None:
    merge = MinuteMerge([FIRST])
    with pytest.raises(ClockError, match=r"market\.bars\.v1\[0\] offset 1: .*restore it"):
        offered(merge, records(BARS, 0, [start(0), clock(2)]))


def test_partitions_with_different_line_times_join_where_each_stands() -> None:
    merge = MinuteMerge([FIRST, SECOND], {FIRST: at(2), SECOND: at(0)})
    assert merge.line_time == at(0)
    ahead = records(BARS, 0, [clock(1), clock(2), clock(3)], first=20)
    behind = records(BARS, 1, [clock(1), clock(2), clock(3)], first=10)
    minutes = offered(merge, ahead + behind)
    assert [(m.ts, [c.at.partition for c in m.clocks]) for m in minutes] == [
        (at(1), [1]),
        (at(2), [1]),
        (at(3), [0, 1]),
    ]


def test_a_reader_with_a_line_time_demands_the_record_that_follows_it() -> None:
    with pytest.raises(ClockError):
        offered(MinuteMerge([FIRST], {FIRST: at(2)}), records(BARS, 0, [clock(4)]))
    assert offered(MinuteMerge([FIRST], {FIRST: at(0)}), records(BARS, 0, [clock(7, previous=0)]))
