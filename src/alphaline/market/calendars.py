"""Session tables from exchange-calendars: the only place where time zones live.

The hot path never imports this module's calendar (it reads a checked-in table instead), because
exchange-calendars brings pandas with it.
"""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from alphaline.market.sessions import SessionTable, session_label

if TYPE_CHECKING:
    import pandas as pd

NEW_YORK = ZoneInfo("America/New_York")
# Hours of the extended sessions of NYSE Arca and Nasdaq; the early close moves only regular hours.
EXTENDED_START = time(4, 0)
EXTENDED_END = time(20, 0)


def new_york_ns(day: date, at: time) -> int:
    """Return the instant of the New York wall time ``at`` on ``day``, UTC nanoseconds."""
    return int(datetime.combine(day, at, tzinfo=NEW_YORK).timestamp()) * 1_000_000_000


def xnys_sessions(first: date, last: date) -> SessionTable:
    """Return the sessions of the New York Stock Exchange from ``first`` to ``last``, both included.

    Regular hours with early closes come from exchange-calendars; the session starts at 04:00 and
    ends at 20:00 New York.
    """
    schedule = _schedule("XNYS", first, last)
    days = [day.date() for day in schedule.index]
    return SessionTable(
        session=np.array([session_label(day) for day in days], dtype=np.int64),
        start=np.array([new_york_ns(day, EXTENDED_START) for day in days], dtype=np.int64),
        open=_nanoseconds(schedule["open"]),
        close=_nanoseconds(schedule["close"]),
        end=np.array([new_york_ns(day, EXTENDED_END) for day in days], dtype=np.int64),
    )


def _schedule(calendar: str, first: date, last: date) -> "pd.DataFrame":
    import exchange_calendars as xcals  # noqa: PLC0415 - brings pandas, which the hot path must not

    return xcals.get_calendar(calendar, start=first, end=last).schedule.loc[str(first) : str(last)]


def _nanoseconds(column: "pd.Series[Any]") -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(column.dt.tz_convert("UTC").astype("datetime64[ns, UTC]").astype("int64"))
