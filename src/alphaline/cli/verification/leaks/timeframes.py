"""Gaps that are filled, and bars of a longer timeframe, from values that are still to come."""

import numpy as np
import pandas as pd

from alphaline.cli.verification.leaks.daily import STOCK, Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.features import BarHistory, Column, FeatureSet, features_of
from alphaline.features.sets.daily_baseline_v1 import EPOCH
from alphaline.market.daily import VOLUME

_LAST_WEEK = FeatureSet(
    "last_whole_week",
    (Column("week_log_return_1", "log_return", "week", 1, ("close",)),),
    epoch=EPOCH,
    base="session",
)


def _fridays(day: Daily) -> pd.Series:
    close = day.series(day.log_close)
    return close[close.index.weekday == 4]


@at_decisions
def _filled_backward(day: Daily) -> pd.Series:
    return _fridays(day).reindex(pd.DatetimeIndex(day.session)).bfill()


@at_decisions
def _filled_forward(day: Daily) -> pd.Series:
    return _fridays(day).reindex(pd.DatetimeIndex(day.session)).ffill()


@at_decisions
def _interpolated(day: Daily) -> pd.Series:
    return _fridays(day).reindex(pd.DatetimeIndex(day.session)).interpolate("time")


@at_decisions
def _carried_on(day: Daily) -> pd.Series:
    fridays = _fridays(day)
    slope = fridays.diff().reindex(pd.DatetimeIndex(day.session)).ffill()
    return fridays.reindex(slope.index).ffill() + slope


@at_decisions
def _weeks_stamped_at_their_start(day: Daily) -> pd.Series:
    weeks = day.series(day.log_close).resample("W-FRI", label="left").last()
    return weeks.reindex(pd.DatetimeIndex(day.session), method="ffill")


@at_decisions
def _weeks_stamped_at_their_end(day: Daily) -> pd.Series:
    weeks = day.series(day.log_close).resample("W-FRI", label="right").last()
    return weeks.reindex(pd.DatetimeIndex(day.session), method="ffill")


@at_decisions
def _week_before_it_ends(day: Daily) -> pd.Series:
    log = day.series(day.log_close)
    week = log.groupby(log.index.to_period("W"))
    return week.transform("last") - week.transform("first")


@at_decisions
def _last_whole_week(day: Daily) -> Floats:
    history = BarHistory(day.opened, day.bars.values)
    made = features_of(_LAST_WEEK, day.sessions, {STOCK: history})
    return made[STOCK].column("week_log_return_1").astype(np.float64)


@at_decisions
def _month_total_at_its_start(day: Daily) -> pd.Series:
    volume = day.series(day.bars.values[:, VOLUME])
    return volume.groupby(volume.index.to_period("M")).transform("sum")


@at_decisions
def _month_total_so_far(day: Daily) -> pd.Series:
    volume = day.series(day.bars.values[:, VOLUME])
    return volume.groupby(volume.index.to_period("M")).cumsum()


TIMEFRAMES = (
    Leak(
        "gaps filled backward",
        "windows",
        "a weekly value stands on the days before it exists",
        CUT_DAILY,
        _filled_backward,
        _filled_forward,
    ),
    Leak(
        "gaps interpolated",
        "windows",
        "the days between two weekly values lie on the line to the later one",
        CUT_DAILY,
        _interpolated,
        _carried_on,
    ),
    Leak(
        "resampled with label=left",
        "windows",
        "the close of a week carries the date at which the week begins",
        CUT_DAILY,
        _weeks_stamped_at_their_start,
        _weeks_stamped_at_their_end,
    ),
    Leak(
        "week bar before the week ends",
        "windows",
        "a group's last value put on each of its rows",
        CUT_DAILY,
        _week_before_it_ends,
        _last_whole_week,
    ),
    Leak(
        "month's total from its first day on",
        "windows",
        "the volume of a whole month joined on the month",
        CUT_DAILY,
        _month_total_at_its_start,
        _month_total_so_far,
    ),
)
