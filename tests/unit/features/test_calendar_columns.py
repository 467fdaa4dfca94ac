"""What the calendar says of each session, against pandas; and sessions since and to an event."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from alphaline.errors import ContractError
from alphaline.features import Column, FeatureSet
from alphaline.features.families.calendar import CALENDAR
from alphaline.market.sessions import DAY_NS, SessionTable, session_label
from alphaline.messages import MINUTE_NS
from tests.unit.features.made_market import EPOCH, Run, minutes_of, walk, weekdays

OK, NOT_WARM = 0, 1

# Good Friday and Memorial Day are holidays; the bars lie from May to the middle of June.
SESSIONS = weekdays(
    date(2011, 1, 3), date(2011, 7, 29), date(2011, 4, 22), date(2011, 5, 30), date(2011, 7, 4)
)
DAYS = pd.DatetimeIndex(SESSIONS.session)
FIRST, LAST = (SESSIONS.index_of(session_label(date(2011, m, d))) for m, d in ((4, 18), (6, 15)))

OF_SESSIONS = tuple(name for name, row in CALENDAR.items() if row.inputs == 0)


def fold(
    columns: tuple[Column, ...], observed: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    ts = SESSIONS.open[FIRST : LAST + 1]
    made = Run(FeatureSet("calendar_v1", columns, EPOCH, "session"), SESSIONS, ts, walk(len(ts), 1))
    if observed is not None:
        made.observations = observed
    return made.fold()


def expected(name: str) -> NDArray[np.float64]:
    days = pd.Series(DAYS)
    week, month = (days.groupby(days.dt.to_period(period)) for period in "WM")
    apart = days.diff().dt.days
    found = {
        "day_of_week": days.dt.dayofweek,
        "month_of_year": days.dt.month,
        "session_of_week": week.cumcount() + 1,
        "session_of_month": month.cumcount() + 1,
        "sessions_to_week_end": week.cumcount(ascending=False),
        "sessions_to_month_end": month.cumcount(ascending=False),
        "days_since_session": apart,
        "days_to_session": apart.shift(-1),
        "session_minutes": pd.Series((SESSIONS.close - SESSIONS.open) // MINUTE_NS),
    }
    return found[name].to_numpy()[FIRST : LAST + 1].astype(float)


@pytest.mark.parametrize("name", OF_SESSIONS)
def test_each_session_has_what_the_calendar_says(name: str) -> None:
    values, status = fold((Column("c", name, "session"),))
    assert (status == OK).all()
    np.testing.assert_array_equal(values[:, 0], expected(name))


def test_every_minute_has_what_the_calendar_says_of_its_session() -> None:
    part = SESSIONS.between(date(2011, 5, 26), date(2011, 6, 2))
    ts = minutes_of(part)
    columns = tuple(Column(name, name, "1m") for name in OF_SESSIONS)
    made = Run(FeatureSet("calendar_v1", columns, EPOCH), SESSIONS, ts, walk(len(ts), 1))
    place = SESSIONS.indices_at(ts) - FIRST
    table = np.stack([expected(name)[place] for name in OF_SESSIONS], axis=1)
    np.testing.assert_array_equal(made.fold()[0], table)


def test_what_the_calendar_does_not_hold_is_null() -> None:
    columns = tuple(Column(name, name, "session") for name in OF_SESSIONS)
    ts = SESSIONS.open
    made = Run(FeatureSet("calendar_v1", columns, EPOCH, "session"), SESSIONS, ts, walk(len(ts), 1))
    values, status = made.fold()
    known = dict(zip(OF_SESSIONS, np.isfinite(values).T, strict=True))
    assert not known["days_since_session"][0]
    assert not known["session_of_month"][0]
    assert not known["sessions_to_month_end"][-1]
    assert not known["days_to_session"][-1]
    assert known["day_of_week"].all()
    np.testing.assert_array_equal(status == NOT_WARM, np.isnan(values))


def test_the_calendar_is_asked_at_the_base_only() -> None:
    with pytest.raises(ContractError, match="the timeframe of the bars that are fed, saw 5m"):
        FeatureSet("calendar_v1", (Column("c", "day_of_week", "5m"),), EPOCH, "1m")


def event(value: float, age: float) -> NDArray[np.float64]:
    return np.tile([value, age], (LAST + 1 - FIRST, 1))


@pytest.mark.parametrize("age", [0.0, 3.0, 250.0])
def test_sessions_since_an_event_count_however_many(age: float) -> None:
    column = Column("since", "sessions_since", "none", 0, ("EX_DATE",))
    values, status = fold((column,), event(0.24, age))
    assert (values == age).all()
    assert (status == OK).all()


def test_before_any_event_there_is_no_count() -> None:
    column = Column("since", "sessions_since", "none", 0, ("EX_DATE",))
    values, status = fold((column,), event(np.nan, np.nan))
    assert np.isnan(values).all()
    assert (status == NOT_WARM).all()


@pytest.mark.parametrize(
    "day", [date(2011, 5, 12), date(2011, 5, 28), date(2011, 5, 30), date(2011, 7, 29)]
)
def test_sessions_to_an_announced_date_count_down_and_end(day: date) -> None:
    column = Column("to", "sessions_to", "none", 0, ("NEXT_EX_DATE",))
    label = session_label(day)
    # An announcement stands however old it is; a date without a session counts as the next one.
    values, _ = fold((column,), event(label / DAY_NS, 90.0))
    ahead = np.searchsorted(SESSIONS.session, label) - np.arange(FIRST, LAST + 1)
    np.testing.assert_array_equal(values[:, 0], np.where(ahead >= 0, ahead, np.nan))


def test_a_date_beyond_the_calendar_is_not_counted_to() -> None:
    column = Column("to", "sessions_to", "none", 0, ("NEXT_EX_DATE",))
    later = session_label(date(2011, 8, 1)) / DAY_NS
    assert np.isnan(fold((column,), event(later, 0.0))[0]).all()


def test_an_early_close_has_fewer_minutes() -> None:
    label = SESSIONS.session
    early = SESSIONS.close.copy()
    early[FIRST + 3] -= 60 * MINUTE_NS
    sessions = SessionTable(label, SESSIONS.start, SESSIONS.open, early, SESSIONS.end)
    ts = sessions.open[FIRST : FIRST + 5]
    column = (Column("c", "session_minutes", "session"),)
    made = Run(FeatureSet("calendar_v1", column, EPOCH, "session"), sessions, ts, walk(5, 1))
    length = made.fold()[0][:, 0]
    assert length.tolist() == [150, 150, 150, 90, 150]
