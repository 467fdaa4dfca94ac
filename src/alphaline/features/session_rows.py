"""The calendar as the compiled step reads it: times in minutes, and where in week and month a session lies."""

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.features.compiled import layout as at
from alphaline.features.feature_set import FeatureSet
from alphaline.market.sessions import DAY_NS, SessionTable, session_date, session_label
from alphaline.messages import MINUTE_NS

Ints = NDArray[np.int64]

# 1970-01-01 was a Thursday, and weeks begin on Monday.
_MONDAY = 3
_DAYS = 7


def session_rows(sessions: SessionTable, feature_set: FeatureSet) -> Ints:
    """Return what the step reads of the sessions from the epoch on, (rows, n); see ``compiled.layout``.

    Raises
    ------
    DatasetError
        If the calendar begins after the epoch, ends before it, or has times that no bar of the
        set's base can start at.
    """
    first = _first_session(sessions, feature_set)
    columns = (sessions.session, sessions.start, sessions.open, sessions.close, sessions.end)
    _check_times(np.array(columns[1:]), sessions, feature_set)
    minutes = np.array(columns) // MINUTE_NS
    return np.ascontiguousarray(np.vstack([minutes, _calendar(sessions)])[:, first:])


def _first_session(sessions: SessionTable, feature_set: FeatureSet) -> int:
    epoch = session_label(feature_set.epoch)
    first = int(np.searchsorted(sessions.session, epoch))
    if int(sessions.session[0]) > epoch or first == len(sessions):
        raise DatasetError(
            f"feature set {feature_set.name!r}: expected sessions from its epoch "
            f"{feature_set.epoch} on, saw {session_date(int(sessions.session[0]))} to "
            f"{session_date(int(sessions.session[-1]))}; take a longer calendar"
        )
    return first


def _check_times(times: Ints, sessions: SessionTable, feature_set: FeatureSet) -> None:
    step = max(feature_set.bar_minutes, 1)
    off = np.flatnonzero((times % (step * MINUTE_NS)).any(axis=0))
    if off.size:
        raise DatasetError(
            f"session {session_date(int(sessions.session[off[0]]))}: expected times on whole "
            f"{step} minutes, on which bars of base {feature_set.base!r} start, saw others; correct "
            "the calendar or take a shorter base"
        )


def _calendar(sessions: SessionTable) -> Ints:
    day = sessions.session // DAY_NS
    week, weekday = np.divmod(day + _MONDAY, _DAYS)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    apart = np.diff(day)
    length = (sessions.close - sessions.open) // MINUTE_NS
    numbers, left = zip(*(_places(period) for period in (week, month)), strict=True)
    since, to = np.r_[at.UNKNOWN, apart], np.r_[apart, at.UNKNOWN]
    return np.stack([week, month, *numbers, *left, weekday, month % 12 + 1, since, to, length])


def _places(period: Ints) -> tuple[Ints, Ints]:
    """Return number of each session in its period and of those left, where the calendar knows."""
    place = np.arange(len(period))
    number = place - np.searchsorted(period, period) + 1
    left = np.searchsorted(period, period, side="right") - 1 - place
    number[period == period[0]] = at.UNKNOWN
    left[period == period[-1]] = at.UNKNOWN
    return number, left
