from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.market.calendars import xnys_sessions
from alphaline.market.datasets import parse_declaration
from alphaline.market.knowledge import (
    BarEnd,
    ExDateOpen,
    NextSessionAt,
    PeriodEndPlus,
    SessionClosePlus,
    SessionStart,
    known_at,
)
from alphaline.market.observations import observations
from alphaline.market.sessions import SessionTable, session_label
from alphaline.runtime.datasets import read_columns, read_session_columns

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
SESSIONS = SessionTable(**read_session_columns(SAMPLE / "xnys_sessions.parquet"))
NEW_YORK = ZoneInfo("America/New_York")
PUBLISHED = {}
DECLARED = {}
for name in ("vix_daily", "treasury_curve"):
    DECLARED[name] = parse_declaration((SAMPLE / f"{name}.yaml").read_bytes(), name)
    rows = read_columns(SAMPLE / f"{name}.parquet")
    in_2011 = (rows["ts_event"] >= session_label(date(2011, 1, 1))) & (
        rows["ts_event"] < session_label(date(2012, 1, 1))
    )
    rows = {column: values[in_2011] for column, values in rows.items()}
    PUBLISHED[name] = observations(rows, DECLARED[name], SESSIONS)


def new_york(day: date, hour: int, minute: int) -> int:
    at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)
    return int(at.timestamp()) * 1_000_000_000


def period(name: str, days: int) -> PeriodEndPlus:
    return PeriodEndPlus(period=name, days=days, new_york="08:30", reason="r")  # type: ignore[arg-type]


def seen(name: str, series: str, day: date, hour: int, minute: int) -> float:
    """Return the value of the latest session that was known at a New York time."""
    at = new_york(day, hour, minute)
    known = [one for one in PUBLISHED[name] if one.series == series and one.ts_known <= at]
    return max(known, key=lambda one: one.ts_event).value


def test_the_checked_in_sessions_equal_exchange_calendars() -> None:
    computed = xnys_sessions(date(2000, 1, 1), date(2026, 12, 31))
    for column in SessionTable.__slots__:
        assert np.array_equal(getattr(SESSIONS, column), getattr(computed, column)), column


# Closes as recorded: 2011-03-10 21.88, 03-11 20.08, 03-14 21.13, 11-23 33.98, 11-25 34.47.
@pytest.mark.parametrize(
    ("day", "hour", "minute", "close"),
    [
        (date(2011, 3, 11), 16, 29, 21.88),
        (date(2011, 3, 11), 16, 30, 20.08),
        (date(2011, 3, 13), 12, 0, 20.08),
        (date(2011, 3, 14), 16, 29, 20.08),
        (date(2011, 3, 14), 16, 30, 21.13),
        (date(2011, 11, 25), 13, 29, 33.98),
        (date(2011, 11, 25), 13, 30, 34.47),
    ],
)
def test_vix_is_known_half_an_hour_after_the_close(
    day: date, hour: int, minute: int, close: float
) -> None:
    assert seen("vix_daily", "VIX", day, hour, minute) == close


# 10 year par yields as recorded: 2011-03-09 3.48 %, 03-10 3.37 %, 03-11 3.40 %, 03-14 3.36 %.
@pytest.mark.parametrize(
    ("day", "hour", "minute", "value"),
    [
        (date(2011, 3, 11), 7, 59, 0.0348),
        (date(2011, 3, 11), 8, 0, 0.0337),
        (date(2011, 3, 14), 7, 59, 0.0337),
        (date(2011, 3, 14), 8, 0, 0.0340),
        (date(2011, 3, 15), 8, 0, 0.0336),
    ],
)
def test_treasury_is_known_at_eight_on_the_next_session(
    day: date, hour: int, minute: int, value: float
) -> None:
    assert seen("treasury_curve", "UST_10Y", day, hour, minute) == value


def test_a_null_yield_publishes_nothing() -> None:
    rows = {
        "ts_event": np.array([session_label(date(2011, 3, day)) for day in (10, 11)]),
        "ust_3m": np.array([0.001, np.nan]),
        "ust_10y": np.array([np.nan, 0.034]),
    }
    published = observations(rows, DECLARED["treasury_curve"], SESSIONS)
    assert [(row.series, row.value) for row in published] == [("UST_3M", 0.001), ("UST_10Y", 0.034)]


@pytest.mark.parametrize(
    ("days", "close", "message"),
    [
        ((3, 5, 4), 20.0, "vix_daily.parquet: row 3: 2011-01-04 runs back behind 2011-01-05; sort"),
        (
            (3, 4, 4),
            20.0,
            "row 3: 2011-01-04 repeats 2011-01-04; sort the rows by ts_event and keep one",
        ),
        (
            (3, 4, 5),
            np.inf,
            "vix_daily.parquet, VIX: row 3, 2011-01-05: expected a finite value or null",
        ),
    ],
)
def test_rows_that_publish_no_clear_value_are_refused(
    days: tuple[int, ...], close: float, message: str
) -> None:
    labels = np.array([session_label(date(2011, 1, day)) for day in days])
    rows = {"ts_event": labels, "close": np.array([18.0, 19.0, close])}
    with pytest.raises(DatasetError, match=message):
        observations(rows, DECLARED["vix_daily"], SESSIONS)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DatasetError, match=r"expected a column 'close' in vix_daily\.parquet"):
        observations({"ts_event": np.array([0])}, DECLARED["vix_daily"], SESSIONS)


@pytest.mark.parametrize(
    ("rule", "day", "expected"),
    [
        (SessionStart(reason="r"), date(2011, 3, 14), new_york(date(2011, 3, 14), 4, 0)),
        (ExDateOpen(reason="r"), date(2011, 3, 14), new_york(date(2011, 3, 14), 9, 30)),
        (SessionClosePlus(minutes=30, reason="r"), date(2011, 11, 25), new_york(date(2011, 11, 25), 13, 30)),
        (NextSessionAt(new_york="08:00", reason="r"), date(2011, 3, 11), new_york(date(2011, 3, 14), 8, 0)),
        (NextSessionAt(new_york="08:00", reason="r"), date(2012, 4, 6), new_york(date(2012, 4, 9), 8, 0)),
        (NextSessionAt(new_york="08:00", reason="r"), date(2011, 11, 4), new_york(date(2011, 11, 7), 8, 0)),
        (period("quarter", 90), date(2011, 1, 1), new_york(date(2011, 6, 29), 8, 30)),
        (period("quarter", 90), date(2011, 3, 31), new_york(date(2011, 6, 29), 8, 30)),
        (period("quarter", 30), date(2011, 12, 31), new_york(date(2012, 1, 30), 8, 30)),
        (period("month", 15), date(2012, 2, 10), new_york(date(2012, 3, 15), 8, 30)),
        (period("month", 1), date(2011, 12, 1), new_york(date(2012, 1, 1), 8, 30)),
        (period("week", 1), date(2011, 3, 7), new_york(date(2011, 3, 14), 8, 30)),
        (period("week", 1), date(2011, 3, 13), new_york(date(2011, 3, 14), 8, 30)),
    ],
)  # fmt: skip
def test_each_rule_gives_its_new_york_instant(rule: object, day: date, expected: int) -> None:
    assert known_at(rule, SESSIONS, session_label(day)) == expected


@given(st.dates(date(2000, 1, 1), date(2026, 12, 1)), st.sampled_from(["week", "month", "quarter"]))
def test_a_period_is_never_known_before_its_last_day_has_passed(day: date, name: str) -> None:
    known = known_at(period(name, 1), SESSIONS, session_label(day))
    keys = {
        "week": lambda d: d.isocalendar()[:2],
        "month": lambda d: (d.year, d.month),
        "quarter": lambda d: (d.year, (d.month - 1) // 3),
    }
    key = keys[name]
    following = datetime.fromtimestamp(known // 10**9, tz=NEW_YORK).date()
    assert key(following) != key(day)
    assert key(following - timedelta(days=1)) == key(day)


def test_a_bar_is_known_at_its_end() -> None:
    assert known_at(BarEnd(minutes=1, reason="r"), SESSIONS, 120 * 10**9) == 180 * 10**9


@pytest.mark.parametrize("day", [date(2011, 11, 24), date(1999, 12, 31)])
def test_a_close_on_a_day_without_a_session_is_an_error(day: date) -> None:
    with pytest.raises(DatasetError, match=str(day)):
        known_at(SessionClosePlus(minutes=30, reason="r"), SESSIONS, session_label(day))


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2026, 12, 31)])
def test_a_next_session_outside_the_table_is_an_error(day: date) -> None:
    with pytest.raises(DatasetError, match="extend the table"):
        known_at(NextSessionAt(new_york="08:00", reason="r"), SESSIONS, session_label(day))
