"""Prices of bars that have not ended, or not begun, when a row is used."""

import numpy as np
import pandas as pd

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.market.daily import CLOSE, HIGH, LOW, OPEN, VOLUME
from alphaline.research.lookahead import KnownColumn


def _next(values: Floats, bars: int = 1) -> Floats:
    return np.append(values[bars:], np.full(min(bars, len(values)), np.nan))


@at_decisions
def _next_close(day: Daily) -> Floats:
    return _next(day.log_return)


@at_decisions
def _last_return(day: Daily) -> Floats:
    return day.log_return


@at_decisions
def _next_gap(day: Daily) -> Floats:
    return np.log(_next(day.bars.values[:, OPEN]) / day.bars.close)


@at_decisions
def _last_gap(day: Daily) -> Floats:
    before = np.append(np.nan, day.bars.close[:-1])
    return np.asarray(np.log(day.bars.values[:, OPEN] / before))


@at_decisions
def _next_high(day: Daily) -> Floats:
    return _next(day.bars.values[:, HIGH]) / day.bars.close - 1.0


@at_decisions
def _last_high(day: Daily) -> Floats:
    return day.bars.values[:, HIGH] / day.bars.close - 1.0


@at_decisions
def _next_volume(day: Daily) -> Floats:
    return np.log(_next(day.bars.values[:, VOLUME]) / day.bars.values[:, VOLUME])


@at_decisions
def _last_volume(day: Daily) -> Floats:
    return np.diff(np.log(day.bars.values[:, VOLUME]), prepend=np.nan)


@at_decisions
def _shifted_forward(day: Daily) -> pd.Series:
    close = day.series(day.bars.close)
    return close.shift(-5) / close - 1.0


@at_decisions
def _shifted_back(day: Daily) -> pd.Series:
    close = day.series(day.bars.close)
    return close / close.shift(5) - 1.0


def _close_at_own_open(day: Daily) -> KnownColumn:
    return KnownColumn(day.opened, day.log_return)


def _close_at_next_open(day: Daily) -> KnownColumn:
    return KnownColumn(day.entered, day.log_return)


def _range_at_own_date(day: Daily) -> KnownColumn:
    return KnownColumn(day.session, day.bars.values[:, HIGH] / day.bars.values[:, LOW])


def _range_at_decision(day: Daily) -> KnownColumn:
    return KnownColumn(day.decided, day.bars.values[:, HIGH] / day.bars.values[:, LOW])


def _bar_at_the_close(day: Daily) -> KnownColumn:
    return KnownColumn(day.closed, day.bars.values[:, CLOSE] / day.bars.values[:, OPEN])


def _bar_at_decision(day: Daily) -> KnownColumn:
    return KnownColumn(day.decided, day.bars.values[:, CLOSE] / day.bars.values[:, OPEN])


@at_decisions
def _future_resistance(day: Daily) -> pd.Series:
    high = day.series(day.bars.values[:, HIGH])
    return high[::-1].rolling(10).max()[::-1] / day.bars.close


@at_decisions
def _past_resistance(day: Daily) -> pd.Series:
    high = day.series(day.bars.values[:, HIGH])
    return high.rolling(10).max() / day.bars.close


@at_decisions
def _gap_is_closed(day: Daily) -> Floats:
    low, close = _next(day.bars.values[:, LOW]), day.bars.close
    return np.where(np.isnan(low), np.nan, low <= close)


@at_decisions
def _gap_was_closed(day: Daily) -> Floats:
    before = np.append(np.nan, day.bars.close[:-1])
    return np.where(np.isnan(before), np.nan, day.bars.values[:, LOW] <= before)


PRICES = (
    Leak(
        "tomorrow's close",
        "price",
        "the return to the close of the bar that follows the decision",
        CUT_DAILY,
        _next_close,
        _last_return,
    ),
    Leak(
        "tomorrow's opening gap",
        "price",
        "the open at which the decision is traded, read by the decision",
        CUT_DAILY,
        _next_gap,
        _last_gap,
    ),
    Leak(
        "tomorrow's high",
        "price",
        "the high of the bar that follows, over the last close",
        CUT_DAILY,
        _next_high,
        _last_high,
    ),
    Leak(
        "tomorrow's volume",
        "price",
        "the change of volume to the bar that follows",
        CUT_DAILY,
        _next_volume,
        _last_volume,
    ),
    Leak(
        "shift with the wrong sign",
        "price",
        "shift(-5) where shift(5) was meant: the return of the next five sessions",
        CUT_DAILY,
        _shifted_forward,
        _shifted_back,
    ),
    Leak(
        "today's close at today's open",
        "price",
        "a decision at the open that reads the close of the same session",
        CUT_DAILY,
        _close_at_own_open,
        _close_at_next_open,
    ),
    Leak(
        "daily bar joined on its date",
        "price",
        "a bar taken as known at midnight of the date that it carries",
        CUT_DAILY,
        _range_at_own_date,
        _range_at_decision,
    ),
    Leak(
        "end-of-day file at the close",
        "price",
        "a vendor's nightly file used at the very close, hours before it exists",
        CUT_DAILY,
        _bar_at_the_close,
        _bar_at_decision,
    ),
    Leak(
        "resistance of the next ten sessions",
        "price",
        "a rolling maximum over the reversed series",
        CUT_DAILY,
        _future_resistance,
        _past_resistance,
    ),
    Leak(
        "whether the gap closes",
        "price",
        "a pattern that needs the low of the session that is about to be traded",
        CUT_DAILY,
        _gap_is_closed,
        _gap_was_closed,
    ),
)
