from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.market.calendars import xnys_sessions
from alphaline.market.sessions import SessionTable, session_date, session_label

NEW_YORK = ZoneInfo("America/New_York")
SESSIONS = xnys_sessions(date(2011, 1, 1), date(2011, 12, 31))


def new_york(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def columns(table: SessionTable) -> dict[str, np.ndarray]:
    return {name: np.array(getattr(table, name)) for name in SessionTable.__slots__}


@pytest.mark.parametrize(
    ("ts", "label"),
    [
        (new_york(2011, 3, 11, 4, 0), date(2011, 3, 11)),
        (new_york(2011, 3, 11, 4, 0) - 1, None),
        (new_york(2011, 3, 11, 20, 0) - 1, date(2011, 3, 11)),
        (new_york(2011, 3, 11, 20, 0), None),
        (new_york(2011, 3, 12, 12, 0), None),
        (new_york(2011, 3, 14, 4, 0), date(2011, 3, 14)),
        (new_york(2010, 12, 31, 12, 0), None),
        (new_york(2012, 1, 3, 12, 0), None),
    ],
)
def test_a_session_holds_its_start_but_not_its_end(ts: int, label: date | None) -> None:
    seen = SESSIONS.session_of(ts)
    assert (None if seen is None else session_date(seen)) == label


@pytest.mark.parametrize(
    ("at", "is_regular"),
    [
        (new_york(2011, 3, 14, 9, 30), True),
        (new_york(2011, 3, 14, 9, 29), False),
        (new_york(2011, 3, 14, 16, 0), False),
        (new_york(2011, 3, 14, 15, 59), True),
        (new_york(2011, 11, 25, 12, 59), True),
        (new_york(2011, 11, 25, 13, 0), False),
        (new_york(2011, 11, 24, 12, 0), False),
    ],
)
def test_regular_hours_follow_new_york_and_early_closes(at: int, is_regular: bool) -> None:
    assert SESSIONS.is_regular(at) is is_regular


def test_clocks_change_on_2011_03_13_in_utc_only() -> None:
    before, after = (SESSIONS.index_of(session_label(date(2011, 3, day))) for day in (11, 14))
    opened = [datetime.fromtimestamp(int(SESSIONS.open[i]) / 1e9, tz=UTC) for i in (before, after)]
    assert [(at.hour, at.minute) for at in opened] == [(14, 30), (13, 30)]


@given(st.integers(new_york(2010, 12, 1, 0, 0), new_york(2012, 2, 1, 0, 0)))
def test_one_and_many_lookups_agree_with_a_scan(ts: int) -> None:
    scan = np.flatnonzero((SESSIONS.start <= ts) & (ts < SESSIONS.end))
    expected = int(scan[0]) if scan.size else -1
    assert SESSIONS.index_at(ts) == expected
    assert SESSIONS.indices_at(np.array([ts], dtype=np.int64)).tolist() == [expected]


@given(st.integers(new_york(2011, 1, 4, 0, 0), new_york(2011, 12, 30, 0, 0)))
def test_next_open_and_previous_close_enclose_the_instant(ts: int) -> None:
    assert SESSIONS.next_open(ts) == min(at for at in SESSIONS.open.tolist() if at > ts)
    assert SESSIONS.previous_close(ts) == max(at for at in SESSIONS.close.tolist() if at <= ts)


def test_neighbours_skip_the_holiday() -> None:
    wednesday, friday = session_label(date(2011, 11, 23)), session_label(date(2011, 11, 25))
    assert SESSIONS.next_session(wednesday) == friday
    assert SESSIONS.previous_session(friday) == wednesday


def test_a_holiday_has_no_index() -> None:
    with pytest.raises(DatasetError, match="2011-11-24, on which the calendar has none"):
        SESSIONS.index_of(session_label(date(2011, 11, 24)))


def test_beyond_the_table_is_an_error_that_says_so() -> None:
    with pytest.raises(DatasetError, match="extend it"):
        SESSIONS.next_session(int(SESSIONS.session[-1]))
    with pytest.raises(DatasetError, match="extend it"):
        SESSIONS.next_open(int(SESSIONS.open[-1]))


@pytest.mark.parametrize(
    ("column", "row", "shift", "rule"),
    [
        ("open", 3, -(10**14), "start < open"),
        ("close", 3, -(10**14), "open < close"),
        ("end", 3, -(10**14), "close < end"),
        ("end", 3, 10**15, "it starts after the one before"),
        ("session", 3, 1, "midnight UTC"),
        ("session", 3, 86_400_000_000_000 * 9, "labels ascend"),
    ],
)
def test_a_table_out_of_order_is_refused(column: str, row: int, shift: int, rule: str) -> None:
    broken = columns(SESSIONS)
    broken[column][row] += shift
    with pytest.raises(DatasetError, match=rule):
        SessionTable(**broken)


def test_columns_of_different_length_and_empty_tables_are_refused() -> None:
    short = columns(SESSIONS) | {"end": SESSIONS.end[:-1]}
    with pytest.raises(DatasetError, match="one length"):
        SessionTable(**short)
    with pytest.raises(DatasetError, match="at least one session"):
        SessionTable(**{name: column[:0] for name, column in columns(SESSIONS).items()})


def test_a_table_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        SESSIONS.open[0] = 0


def test_between_keeps_both_ends() -> None:
    march = SESSIONS.between(date(2011, 3, 1), date(2011, 3, 31))
    assert len(march) == 23
    assert session_date(int(march.session[0])) == date(2011, 3, 1)
