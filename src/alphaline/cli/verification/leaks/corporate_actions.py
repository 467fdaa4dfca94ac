"""Splits and dividends that reach back in time, or are known before their ex-date."""

from datetime import date

import numpy as np

from alphaline.cli.verification.leaks.daily import OTHER, STOCK, Daily, Floats, Times, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.market.adjustment import adjusted
from alphaline.market.corporate_actions import Kind
from alphaline.market.daily import VOLUME
from alphaline.market.decision_times import decision_times
from alphaline.research.lookahead import KnownColumn

# For these sessions the dividends of the other stock are known.
_PAID = date(2008, 1, 2), date(2009, 12, 31)


def _events(day: Daily, kind: Kind, instrument: str = STOCK) -> tuple[Times, Floats]:
    return day.data.actions[instrument].of(kind)


def _later(day: Daily, ex_dates: Times, steps: Floats) -> Floats:
    """Return the product of the steps whose ex-date lies after each row."""
    products = np.concatenate([np.cumprod(steps[::-1])[::-1], [1.0]])
    return products[np.searchsorted(ex_dates, day.session, side="right")]


@at_decisions
def _split_backward(day: Daily) -> Floats:
    return day.raw.close / _later(day, *_events(day, "split"))


@at_decisions
def _split_forward(day: Daily) -> Floats:
    return day.bars.close


@at_decisions
def _volume_restated(day: Daily) -> Floats:
    return day.raw.values[:, VOLUME] * _later(day, *_events(day, "split"))


@at_decisions
def _volume_forward(day: Daily) -> Floats:
    return day.bars.values[:, VOLUME]


def _places(day: Daily, ex_dates: Times) -> Floats:
    return np.searchsorted(day.sessions.session, ex_dates).astype(np.float64)


@at_decisions
def _sessions_to_split(day: Daily) -> Floats:
    ex_dates, _ = _events(day, "split")
    places = np.append(_places(day, ex_dates), np.nan)
    own = np.searchsorted(day.sessions.session, day.session)
    return places[np.searchsorted(ex_dates, day.session, side="right")] - own


@at_decisions
def _sessions_since_split(day: Daily) -> Floats:
    ex_dates, _ = _events(day, "split")
    places = np.append(np.nan, _places(day, ex_dates))
    own = np.searchsorted(day.sessions.session, day.session)
    return np.asarray(own - places[np.searchsorted(ex_dates, day.session, side="right")])


@at_decisions
def _next_dividend(day: Daily) -> Floats:
    ex_dates, paid = _events(day, "dividend", OTHER)
    return np.append(paid, np.nan)[np.searchsorted(ex_dates, day.session, side="right")]


@at_decisions
def _last_dividend(day: Daily) -> Floats:
    ex_dates, paid = _events(day, "dividend", OTHER)
    return np.append(np.nan, paid)[np.searchsorted(ex_dates, day.session, side="right")]


@at_decisions
def _dividends_backward(day: Daily) -> Floats:
    bars = day.data.bars[OTHER]
    ex_dates, paid = _events(day, "dividend", OTHER)
    traded = ex_dates <= bars.session[-1]
    before = bars.close[np.searchsorted(bars.session, ex_dates[traded]) - 1]
    return bars.close[-len(day.session) :] * _later(
        day, ex_dates[traded], 1.0 - paid[traded] / before
    )


def _dividends_forward(day: Daily) -> KnownColumn:
    bars = day.data.bars[OTHER].between(*_PAID)
    if not len(bars):
        return KnownColumn(np.empty(0, np.int64), np.empty(0))
    made = adjusted(bars, day.data.actions[OTHER], "total_return")
    return KnownColumn(decision_times(made.session, day.sessions), made.close)


CORPORATE_ACTIONS = (
    Leak(
        "split adjustment carried backward",
        "corporate actions",
        "all earlier prices divided by a split that comes later",
        CUT_DAILY,
        _split_backward,
        _split_forward,
    ),
    Leak(
        "restated volume",
        "corporate actions",
        "earlier volumes restated in shares that a later split made",
        CUT_DAILY,
        _volume_restated,
        _volume_forward,
    ),
    Leak(
        "restated prices",
        "corporate actions",
        "earlier prices marked down by dividends that are paid later",
        CUT_DAILY,
        _dividends_backward,
        _dividends_forward,
    ),
    Leak(
        "sessions to the next split",
        "corporate actions",
        "a split counted down to before anybody announced it",
        CUT_DAILY,
        _sessions_to_split,
        _sessions_since_split,
    ),
    Leak(
        "dividend before its ex-date",
        "corporate actions",
        "the amount of the next dividend, of which the source tells on its ex-date",
        CUT_DAILY,
        _next_dividend,
        _last_dividend,
    ),
)
