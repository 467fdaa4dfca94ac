"""Other assets, read before their value is known or tied by the whole sample; and who is in the universe."""

import numpy as np
import pandas as pd

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.market.daily import VOLUME
from alphaline.research.lookahead import KnownColumn


def _other_return(day: Daily) -> Floats:
    return np.diff(np.log(day.other.close), prepend=np.nan)


def _other_close_at_the_close(day: Daily) -> KnownColumn:
    return KnownColumn(day.closed, _other_return(day))


def _other_close_as_published(day: Daily) -> KnownColumn:
    value = day.published("IBM_CLOSE")
    return KnownColumn(day.decided, np.diff(np.log(value), prepend=np.nan))


def _later_market_at_the_close(day: Daily) -> KnownColumn:
    index = day.by_event("VIX").reindex(pd.DatetimeIndex(day.session))
    return KnownColumn(day.closed, np.log(index.to_numpy(np.float64)))


def _later_market_at_decision(day: Daily) -> KnownColumn:
    return KnownColumn(day.decided, np.log(day.published("VIX")))


@at_decisions
def _leader_with_wrong_lag(day: Daily) -> Floats:
    return np.append(_other_return(day)[1:], np.nan)


@at_decisions
def _leader_with_right_lag(day: Daily) -> Floats:
    return np.append(np.nan, _other_return(day)[:-1])


def _pair(day: Daily) -> pd.DataFrame:
    return pd.DataFrame({"own": day.log_return, "other": _other_return(day)})


@at_decisions
def _correlation_of_all(day: Daily) -> Floats:
    return np.full(len(day.session), _pair(day).corr().iloc[0, 1])


@at_decisions
def _correlation_of_a_quarter(day: Daily) -> pd.Series:
    pair = _pair(day)
    return pair["own"].rolling(63).corr(pair["other"])


@at_decisions
def _residual_of_all(day: Daily) -> pd.Series:
    pair = _pair(day)
    return pair["own"] - pair["own"].cov(pair["other"]) / pair["other"].var() * pair["other"]


@at_decisions
def _residual_of_a_quarter(day: Daily) -> pd.Series:
    pair = _pair(day)
    beta = pair["own"].rolling(63).cov(pair["other"]) / pair["other"].rolling(63).var()
    return pair["own"] - beta * pair["other"]


@at_decisions
def _spread_of_all(day: Daily) -> Floats:
    own, other = np.log(day.bars.close), np.log(day.other.close)
    slope, level = np.polyfit(other, own, 1)
    return np.asarray(own - level - slope * other)


@at_decisions
def _spread_over_a_year(day: Daily) -> pd.Series:
    ratio = day.series(np.log(day.bars.close) - np.log(day.other.close))
    return ratio - ratio.rolling(252).mean()


@at_decisions
def _best_performer(day: Daily) -> Floats:
    own, other = (np.log(bars.close[-1] / bars.close[0]) for bars in (day.bars, day.other))
    return np.full(len(day.session), float(own > other))


@at_decisions
def _best_performer_of_a_year(day: Daily) -> pd.Series:
    own, other = (day.series(np.log(bars.close)).diff(252) for bars in (day.bars, day.other))
    return (own > other).astype(np.float64)


def _traded_value(day: Daily) -> tuple[pd.Series, pd.Series]:
    own, other = (day.series(bars.close * bars.values[:, VOLUME]) for bars in (day.bars, day.other))
    return own, other


@at_decisions
def _most_traded(day: Daily) -> Floats:
    own, other = _traded_value(day)
    return np.full(len(day.session), float(own.mean() > other.mean()))


@at_decisions
def _most_traded_of_a_year(day: Daily) -> pd.Series:
    own, other = (value.rolling(252).mean() for value in _traded_value(day))
    return (own > other).astype(np.float64)


@at_decisions
def _lives_to_the_end(day: Daily) -> pd.Series:
    last = day.session[-1]
    return day.series((last - day.session) / (last - day.session[0] + 1))


@at_decisions
def _age_since_listing(day: Daily) -> Floats:
    return np.arange(len(day.session), dtype=np.float64)


CROSS_ASSET = (
    Leak(
        "close of another stock at the close",
        "cross-asset",
        "the other close is in a file of the night, and decided on at the bell",
        CUT_DAILY,
        _other_close_at_the_close,
        _other_close_as_published,
    ),
    Leak(
        "index of a market that closes later",
        "cross-asset",
        "the volatility index of the date, half an hour before it is published",
        CUT_DAILY,
        _later_market_at_the_close,
        _later_market_at_decision,
    ),
    Leak(
        "leader with the wrong lag",
        "cross-asset",
        "the return of another stock, shifted by one session in the wrong direction",
        CUT_DAILY,
        _leader_with_wrong_lag,
        _leader_with_right_lag,
    ),
    Leak(
        "correlation over the whole sample",
        "cross-asset",
        "one number for all rows, which no row could have known",
        CUT_DAILY,
        _correlation_of_all,
        _correlation_of_a_quarter,
    ),
    Leak(
        "beta over the whole sample",
        "cross-asset",
        "residual returns after a beta that later returns have made",
        CUT_DAILY,
        _residual_of_all,
        _residual_of_a_quarter,
    ),
    Leak(
        "hedge ratio over the whole sample",
        "cross-asset",
        "a pair's spread from one regression over all prices, which it must return to",
        CUT_DAILY,
        _spread_of_all,
        _spread_over_a_year,
    ),
    Leak(
        "best performer of the sample",
        "universe",
        "membership by the return over all years: who survived best",
        CUT_DAILY,
        _best_performer,
        _best_performer_of_a_year,
    ),
    Leak(
        "most traded stock of the sample",
        "universe",
        "membership by a size that was reached years later",
        CUT_DAILY,
        _most_traded,
        _most_traded_of_a_year,
    ),
    Leak(
        "sessions until the last bar",
        "universe",
        "how long a stock is still listed, counted from its end",
        CUT_DAILY,
        _lives_to_the_end,
        _age_since_listing,
    ),
)
