"""The same mistakes within a session, on recorded minutes."""

from functools import cached_property

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.cli.verification.history import History
from alphaline.cli.verification.leaks.record import CUT_MINUTES, Leak
from alphaline.features import LastKnown
from alphaline.market.daily import CLOSE, HIGH, LOW, VOLUME
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS
from alphaline.research.lookahead import KnownColumn

Floats = NDArray[np.float64]
_HALF_HOUR_NS = 30 * MINUTE_NS


class Minutes:
    """The minutes of one instrument as they stand in a history, whole or cut."""

    def __init__(self, history: History, sessions: SessionTable) -> None:
        self.history = history
        self.sessions = sessions

    @property
    def values(self) -> Floats:
        """Open, high, low, close, volume; (n, 5)."""
        return self.history.bars.values

    @cached_property
    def known(self) -> NDArray[np.int64]:
        """The end of each bar."""
        return self.history.bars.ts_event + MINUTE_NS

    @cached_property
    def log_return(self) -> Floats:
        """Log change of the close; NaN at the first bar."""
        return np.diff(np.log(self.values[:, CLOSE]), prepend=np.nan)

    @cached_property
    def session(self) -> NDArray[np.int64]:
        """Place of each bar's session in the calendar."""
        return np.searchsorted(self.sessions.start, self.history.bars.ts_event, side="right")

    def column(self, values: "Floats | pd.Series") -> KnownColumn:
        """Return values as known at the end of each bar."""
        return KnownColumn(self.known, np.asarray(values, np.float64))

    def by_session(self, place: int) -> "pd.core.groupby.SeriesGroupBy":
        """Return a column of the bars grouped by session."""
        return pd.Series(self.values[:, place]).groupby(self.session)


def _bar_at_its_start(minutes: Minutes) -> KnownColumn:
    return KnownColumn(minutes.history.bars.ts_event, minutes.log_return)


def _bar_at_its_end(minutes: Minutes) -> KnownColumn:
    return minutes.column(minutes.log_return)


def _place_in_range_of_the_day(minutes: Minutes) -> KnownColumn:
    low = minutes.by_session(LOW).transform("min")
    high = minutes.by_session(HIGH).transform("max")
    return minutes.column((minutes.values[:, CLOSE] - low) / (high - low))


def _place_in_range_so_far(minutes: Minutes) -> KnownColumn:
    low, high = minutes.by_session(LOW).cummin(), minutes.by_session(HIGH).cummax()
    return minutes.column((minutes.values[:, CLOSE] - low) / (high - low).clip(lower=1e-9))


def _share_of_the_days_volume(minutes: Minutes) -> KnownColumn:
    volume = minutes.by_session(VOLUME)
    return minutes.column(volume.cumsum() / volume.transform("sum"))


def _volume_so_far(minutes: Minutes) -> KnownColumn:
    return minutes.column(minutes.by_session(VOLUME).cumsum())


def _profile_of_all_days(minutes: Minutes) -> KnownColumn:
    volume, minute = _by_minute(minutes)
    return minutes.column(volume / volume.groupby(minute).transform("mean"))


def _profile_of_earlier_days(minutes: Minutes) -> KnownColumn:
    volume, minute = _by_minute(minutes)
    earlier = volume.groupby(minute).transform(lambda own: own.shift(1).expanding().mean())
    return minutes.column(volume / earlier)


def _half_hour_before_it_ends(minutes: Minutes) -> KnownColumn:
    bucket = minutes.history.bars.ts_event // _HALF_HOUR_NS
    close = pd.Series(minutes.values[:, CLOSE]).groupby(bucket).transform("last")
    return minutes.column(np.log(close / minutes.values[:, CLOSE]))


def _half_hour_so_far(minutes: Minutes) -> KnownColumn:
    bucket = minutes.history.bars.ts_event // _HALF_HOUR_NS
    close = pd.Series(minutes.values[:, CLOSE]).groupby(bucket).transform("first")
    return minutes.column(np.log(minutes.values[:, CLOSE] / close))


def _curve_in_the_afternoon(minutes: Minutes) -> KnownColumn:
    return _curve(minutes, early=True)


def _curve_as_published(minutes: Minutes) -> KnownColumn:
    return _curve(minutes, early=False)


def _by_minute(minutes: Minutes) -> tuple[pd.Series, NDArray[np.int64]]:
    since = minutes.history.bars.ts_event - minutes.sessions.start[minutes.session - 1]
    return pd.Series(minutes.values[:, VOLUME]), since // MINUTE_NS


def _curve(minutes: Minutes, *, early: bool) -> KnownColumn:
    sessions = minutes.sessions
    last_known = LastKnown(("UST_10Y",), sessions)
    for seen in minutes.history.observations:
        # Quotes of 15:30 New York make the curve, which appears in the evening.
        place = np.searchsorted(sessions.session, seen.ts_event, side="right") - 1
        ts = int(sessions.close[place]) - _HALF_HOUR_NS if early else seen.ts_known
        last_known.observe(msgspec.structs.replace(seen, ts_known=ts))
    return minutes.column(last_known.rows(minutes.known)[:, 0])


MINUTES = (
    Leak(
        "bar known at its start",
        "minutes",
        "a bar joined on the time stamp of its start, a minute before it ends",
        CUT_MINUTES,
        _bar_at_its_start,
        _bar_at_its_end,
    ),
    Leak(
        "place in the range of the day",
        "minutes",
        "high and low of the whole session on each of its minutes",
        CUT_MINUTES,
        _place_in_range_of_the_day,
        _place_in_range_so_far,
    ),
    Leak(
        "share of the day's volume",
        "minutes",
        "volume so far over the volume of the whole session",
        CUT_MINUTES,
        _share_of_the_days_volume,
        _volume_so_far,
    ),
    Leak(
        "volume profile of all days",
        "minutes",
        "volume over the mean volume of this minute on all days, later ones too",
        CUT_MINUTES,
        _profile_of_all_days,
        _profile_of_earlier_days,
    ),
    Leak(
        "half-hour bar before it ends",
        "minutes",
        "the close of a half hour on each of its minutes",
        CUT_MINUTES,
        _half_hour_before_it_ends,
        _half_hour_so_far,
    ),
    Leak(
        "Treasury curve when its quotes are taken",
        "minutes",
        "yields from 15:30 on, which are published in the evening",
        CUT_MINUTES,
        _curve_in_the_afternoon,
        _curve_as_published,
    ),
)
