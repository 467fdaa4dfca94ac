"""When bars of higher timeframes close, what resets, and where gaps show; by hand-made minutes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from alphaline.features import Column
from alphaline.messages import MINUTE_NS
from tests.unit.features.made_market import CLOSE, END, OPEN, START, Run, calendar, single

LAST = "close"


def run(column: Column, minutes: list[tuple[int, int]], days: int = 12) -> Run:
    """Fold bars at (day, minute of the day); the close of the i-th bar is 100 + i."""
    sessions = calendar(days)
    ts = np.array([sessions.session[day] + minute * MINUTE_NS for day, minute in minutes])
    price = 100.0 + np.arange(len(ts))
    bars = np.stack([price, price, price, price, np.ones(len(ts))], axis=1)
    return Run(single(column), sessions, ts, bars)


def columns(found: tuple[NDArray[np.float32], NDArray[np.uint8]]) -> tuple[list[float], list[int]]:
    return found[0][:, 0].tolist(), found[1][:, 0].tolist()


RETURN_5M = Column("r", "log_return", "5m", 1, (LAST,))
RETURN_DAY = Column("r", "log_return", "session", 1, (LAST,))
MEAN_1M = Column("m", "mean_distance", "1m", 3, (LAST,))


def test_a_bucket_closes_with_the_bar_that_ends_it() -> None:
    made = run(RETURN_5M, [(0, START + m) for m in range(11)])
    values, status = columns(made.fold())
    assert status == [1] * 9 + [0, 0]
    assert values[9] == values[10] == pytest.approx(np.log(109 / 104))


def test_a_bucket_without_its_last_minute_closes_with_the_next_bar() -> None:
    made = run(RETURN_5M, [(0, START + m) for m in (0, 4, 6, 13)])
    values, status = columns(made.fold())
    assert status == [1, 1, 1, 0]
    assert values[3] == pytest.approx(np.log(102 / 101))


def test_one_bar_may_close_two_buckets() -> None:
    made = run(RETURN_5M, [(0, START + m) for m in (1, 9)])
    values, status = columns(made.fold())
    assert status == [1, 0]
    assert values[1] == pytest.approx(np.log(101 / 100))


def test_intraday_operators_start_anew_with_each_session() -> None:
    made = run(MEAN_1M, [(0, START), (0, START + 1), (0, START + 2), (1, START), (1, START + 1)])
    assert columns(made.fold())[1] == [1, 1, 0, 1, 1]


def regular(day: int, *left_out: int) -> list[tuple[int, int]]:
    return [(day, m) for m in range(OPEN, CLOSE) if m not in left_out]


def test_the_session_bar_closes_with_the_bar_that_ends_at_the_close() -> None:
    made = run(RETURN_DAY, [*regular(0), (0, CLOSE), *regular(1)])
    _, status = columns(made.fold())
    assert status == [1] * (len(status) - 1) + [0]


@pytest.mark.parametrize("later", [(1, CLOSE), (1, END - 1), (2, START)])
def test_the_session_bar_else_closes_with_the_first_later_bar(later: tuple[int, int]) -> None:
    made = run(RETURN_DAY, [*regular(0), *regular(1, CLOSE - 1), later])
    values, status = columns(made.fold())
    assert status[-2:] == [1, 2]
    count = CLOSE - OPEN
    assert values[-1] == pytest.approx(np.log((100 + 2 * count - 2) / (100 + count - 1)))


def test_bars_outside_regular_hours_are_not_in_the_session_bar() -> None:
    made = run(RETURN_DAY, [(0, START), *regular(0), (0, CLOSE + 3), (1, START), *regular(1)])
    values, _ = columns(made.fold())
    count = CLOSE - OPEN
    assert values[-1] == pytest.approx(np.log((102 + 2 * count) / (100 + count)))


def test_one_missing_session_is_a_gap_more_reset() -> None:
    one = run(RETURN_DAY, [*regular(0), *regular(1), (3, START), *regular(3)])
    _, status = columns(one.fold())
    before = 2 * (CLOSE - OPEN)
    assert status[before - 1] == 0
    assert status[before:] == [2] * (CLOSE - OPEN + 1)
    two = run(RETURN_DAY, [*regular(0), *regular(1), (4, START), *regular(4), *regular(5)])
    _, status = columns(two.fold())
    assert status[before - 1] == 0
    assert status[before:-1] == [1] * (2 * (CLOSE - OPEN))
    assert status[-1] == 0


def test_a_missing_regular_minute_marks_values_until_it_leaves_the_look_back() -> None:
    made = run(MEAN_1M, [(0, OPEN + m) for m in (0, 1, 2, 4, 5, 6)])
    assert columns(made.fold())[1] == [1, 1, 0, 2, 2, 0]


def test_a_missing_minute_before_the_open_or_after_the_close_is_no_gap() -> None:
    early = run(MEAN_1M, [(0, START + m) for m in (0, 2, 9)])
    assert columns(early.fold())[1][-1] == 0
    late = run(MEAN_1M, [(0, m) for m in (CLOSE - 1, CLOSE + 5, CLOSE + 9)])
    assert columns(late.fold())[1][-1] == 0


def test_minutes_missing_right_after_the_open_mark_what_looks_back_over_them() -> None:
    made = run(MEAN_1M, [(0, m) for m in (OPEN - 2, OPEN - 1, OPEN + 1, OPEN + 2, OPEN + 3)])
    assert columns(made.fold())[1] == [1, 1, 2, 2, 0]
    anchored = run(Column("v", "vwap_distance", "1m"), [(0, OPEN + 1), (0, OPEN + 2)])
    assert columns(anchored.fold())[1] == [2, 2]


def test_a_missing_minute_marks_its_bucket_when_that_closes() -> None:
    minutes = [m for m in range(15) if m not in (6, 7)]
    made = run(
        RETURN_5M, [(0, OPEN + m) for m in minutes] + [(0, OPEN + 15 + m) for m in range(10)]
    )
    status = dict(zip(minutes + list(range(15, 25)), columns(made.fold())[1], strict=True))
    assert [status[m] for m in (4, 8, 9, 13, 14, 19, 24)] == [1, 1, 2, 2, 2, 0, 0]


def test_minutes_of_the_day_count_to_the_end_of_the_bar() -> None:
    marks = [(0, OPEN - 10), (0, OPEN - 1), (0, OPEN), (0, CLOSE - 1), (0, CLOSE)]
    since = run(Column("o", "minutes_since_open", "1m"), marks).fold()[0][:, 0]
    to_close = run(Column("c", "minutes_to_close", "1m"), marks).fold()[0][:, 0]
    length = CLOSE - OPEN
    assert since.tolist() == [-9, 0, 1, length, length + 1]
    assert to_close.tolist() == [length + 9, length, length - 1, 0, -1]
