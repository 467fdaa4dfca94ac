"""Operators of the calendar, which need no closed bar: what it says of the session of each vector.

The calendar is known beforehand, so what lies ahead in it is no look-ahead. A value that it does not
hold, since it begins or ends within the week or month, is null.

=======================  =========================================================================
day_of_week              0 on a Monday to 4 on a Friday
month_of_year            1 to 12
session_of_week          number of the session in its week, from 1
session_of_month         number of the session in its month, from 1
sessions_to_week_end     sessions that follow in the same week; 0 on its last
sessions_to_month_end    sessions that follow in the same month; with ``session_of_month`` the turn
                         of the month [Ariel, 1987]
days_since_session       calendar days since the session before: 1, 3 after a week-end, more after a
                         holiday
days_to_session          calendar days to the next session: more before a week-end or a holiday
session_minutes          minutes of regular hours, fewer on an early close
sessions_since           sessions that have closed since the last value of a series, which counts
                         however old it is: since an ex-date or an announcement
sessions_to              sessions to the date that a series tells, in days since 1970, where it lies
                         ahead: to an announced ex-date or meeting
=======================  =========================================================================
"""

from dataclasses import replace

from alphaline.features.compiled import layout as at
from alphaline.features.operator import INTRADAY, Operator


def of_the_session(kind: int, timeframes: tuple[str, ...] = (*INTRADAY, "session")) -> Operator:
    """Return an operator of the session of each vector; its timeframe is the base of the set."""
    return Operator(kind, lambda _: 0, lambda *_: 0, lambda *_: 0, timeframes=timeframes)


def _row(row: int) -> Operator:
    return of_the_session(at.CALENDAR + row)


def _of_event(kind: int) -> Operator:
    return replace(of_the_session(kind, ("none",)), inputs=1)


CALENDAR: dict[str, Operator] = {
    "day_of_week": _row(at.DAY_OF_WEEK),
    "month_of_year": _row(at.MONTH_OF_YEAR),
    "session_of_week": _row(at.SESSION_OF),
    "session_of_month": _row(at.SESSION_OF + 1),
    "sessions_to_week_end": _row(at.SESSIONS_LEFT),
    "sessions_to_month_end": _row(at.SESSIONS_LEFT + 1),
    "days_since_session": _row(at.DAYS_SINCE_SESSION),
    "days_to_session": _row(at.DAYS_TO_SESSION),
    "session_minutes": _row(at.SESSION_LENGTH),
    "sessions_since": _of_event(at.SESSIONS_SINCE),
    "sessions_to": replace(_of_event(at.SESSIONS_TO), scaling="none"),
}
