"""Knowledge-time rules: from the session that a row describes to the instant it could be known.

The set of rules is closed. A dataset declares one of them with its reason; a row is used by nobody
before the instant that the rule gives.
"""

import re
from datetime import date, time, timedelta
from typing import Literal

import msgspec
import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.calendars import new_york_ns
from alphaline.market.sessions import SessionTable, session_date
from alphaline.messages import MINUTE_NS

_WALL_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Rule(msgspec.Struct, frozen=True, tag_field="rule", forbid_unknown_fields=True, kw_only=True):
    """The root of the rules; ``reason`` says why no earlier instant would be honest."""

    reason: str


class BarEnd(Rule, frozen=True, tag="bar_end"):
    """Known at the end of an intraday bar of ``minutes`` minutes."""

    minutes: int


class SessionStart(Rule, frozen=True, tag="session_start"):
    """Known at the first instant of the row's own session."""


class SessionClosePlus(Rule, frozen=True, tag="session_close_plus"):
    """Known ``minutes`` after the close of regular hours, early closes included."""

    minutes: int


class NextSessionAt(Rule, frozen=True, tag="next_session_at"):
    """Known at the wall time ``new_york`` (HH:MM) of the first session after the row's date."""

    new_york: str


class ExDateOpen(Rule, frozen=True, tag="ex_date_open"):
    """Known at the open of regular hours on the ex-date that the row describes."""


class PeriodEndPlus(Rule, frozen=True, tag="period_end_plus"):
    """Known at ``new_york`` (HH:MM) ``days`` after the last day of the row's week, month or quarter.

    For figures of a whole period, whichever day of it their row is dated, and for daily values that a
    source publishes together. A week ends on Sunday.
    """

    period: Literal["week", "month", "quarter"]
    days: int
    new_york: str


KnowledgeRule = (
    BarEnd | SessionStart | SessionClosePlus | NextSessionAt | ExDateOpen | PeriodEndPlus
)


def wall_time(text: str) -> time:
    """Return the time that ``HH:MM`` names; DatasetError if it is none."""
    if not _WALL_TIME.fullmatch(text):
        raise DatasetError(f"expected a New York wall time as HH:MM, such as '08:00', saw {text!r}")
    return time.fromisoformat(text)


def known_at(rule: KnowledgeRule, sessions: SessionTable, ts_event: int) -> int:
    """Return the instant at which the row of ``ts_event`` is known, UTC nanoseconds.

    Parameters
    ----------
    rule
        The rule of the row's dataset.
    sessions
        Table that covers the row and, for ``next_session_at``, the session after it.
    ts_event
        Start of the bar for ``bar_end``; otherwise the label of the session or date.

    Raises
    ------
    DatasetError
        If the table has no session for the row. Only ``next_session_at`` and ``period_end_plus`` take
        rows of dates without a session: the bond market trades on some of them.
    """
    match rule:
        case BarEnd():
            return ts_event + rule.minutes * MINUTE_NS
        case SessionStart():
            return int(sessions.start[sessions.index_of(ts_event)])
        case SessionClosePlus():
            return int(sessions.close[sessions.index_of(ts_event)]) + rule.minutes * MINUTE_NS
        case ExDateOpen():
            return int(sessions.open[sessions.index_of(ts_event)])
        case NextSessionAt():
            return new_york_ns(
                session_date(_session_after(sessions, ts_event)), wall_time(rule.new_york)
            )
        case PeriodEndPlus():
            last = _last_day(rule.period, session_date(ts_event))
            return new_york_ns(last + timedelta(days=rule.days), wall_time(rule.new_york))


def _last_day(period: str, day: date) -> date:
    if period == "week":
        return day + timedelta(days=6 - day.weekday())
    months = 1 if period == "month" else 3
    behind = (day.month - 1) // months * months + months
    first_behind = date(day.year + behind // 12, behind % 12 + 1, 1)
    return first_behind - timedelta(days=1)


def _session_after(sessions: SessionTable, ts_event: int) -> int:
    index = int(np.searchsorted(sessions.session, ts_event, side="right"))
    if not 0 < index < len(sessions):
        raise DatasetError(
            f"expected a session table that encloses {session_date(ts_event)}, saw one from "
            f"{session_date(int(sessions.session[0]))} to {session_date(int(sessions.session[-1]))}; "
            "extend the table"
        )
    return int(sessions.session[index])
