"""Targets that found their way into the features."""

import numpy as np
import pandas as pd

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.market.daily import HIGH
from alphaline.market.sessions import DAY_NS


@at_decisions
def _own_label(day: Daily) -> Floats:
    return day.outcome


@at_decisions
def _ended_label(day: Daily) -> Floats:
    return day.ended(day.outcome)


@at_decisions
def _own_return(day: Daily) -> Floats:
    return day.labelled(day.labels.realised)


@at_decisions
def _ended_return(day: Daily) -> Floats:
    return day.ended(day.labels.realised)


@at_decisions
def _own_exit_code(day: Daily) -> Floats:
    return day.labelled(day.labels.code.astype(np.float64))


@at_decisions
def _ended_exit_code(day: Daily) -> Floats:
    return day.ended(day.labels.code.astype(np.float64))


@at_decisions
def _own_time_to_touch(day: Daily) -> Floats:
    return day.labelled((day.labels.t_touch - day.labels.t_entry) / DAY_NS)


@at_decisions
def _ended_time_to_touch(day: Daily) -> Floats:
    return day.ended((day.labels.t_touch - day.labels.t_entry) / DAY_NS)


@at_decisions
def _next_label(day: Daily) -> pd.Series:
    return day.series(day.outcome).shift(-1)


@at_decisions
def _label_of_last_month(day: Daily) -> pd.Series:
    # A label lives for three sessions at most, so one of 21 sessions before has ended.
    return day.series(day.outcome).shift(21)


@at_decisions
def _future_volatility(day: Daily) -> pd.Series:
    return day.series(day.log_return).rolling(5).std().shift(-5)


@at_decisions
def _past_volatility(day: Daily) -> pd.Series:
    return day.series(day.log_return).rolling(5).std()


@at_decisions
def _best_exit(day: Daily) -> pd.Series:
    high = day.series(day.bars.values[:, HIGH])
    return high[::-1].rolling(5).max()[::-1].shift(-1) / day.bars.close - 1.0


@at_decisions
def _best_exit_of_the_past(day: Daily) -> pd.Series:
    high, close = day.series(day.bars.values[:, HIGH]), day.series(day.bars.close)
    return high.rolling(5).max() / close.shift(5) - 1.0


TARGETS = (
    Leak(
        "label among the features",
        "targets",
        "the column that is predicted, under another name",
        CUT_DAILY,
        _own_label,
        _ended_label,
    ),
    Leak(
        "realised return among the features",
        "targets",
        "what the position will have earned",
        CUT_DAILY,
        _own_return,
        _ended_return,
    ),
    Leak(
        "reason of the exit",
        "targets",
        "whether target, stop or deadline will end the position",
        CUT_DAILY,
        _own_exit_code,
        _ended_exit_code,
    ),
    Leak(
        "time until the barrier is touched",
        "targets",
        "t_touch of the row's own label",
        CUT_DAILY,
        _own_time_to_touch,
        _ended_time_to_touch,
    ),
    Leak(
        "label of the next decision",
        "targets",
        "two labels that overlap say nearly the same",
        CUT_DAILY,
        _next_label,
        _label_of_last_month,
    ),
    Leak(
        "volatility of the holding period",
        "targets",
        "barriers or sizes from the volatility that is still to come",
        CUT_DAILY,
        _future_volatility,
        _past_volatility,
    ),
    Leak(
        "best exit in hindsight",
        "targets",
        "the highest price of the next five sessions",
        CUT_DAILY,
        _best_exit,
        _best_exit_of_the_past,
    ),
)
