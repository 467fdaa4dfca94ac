"""Scalings, bins and encodings that are fitted on the whole sample."""

import warnings

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak

# Sessions on which the honest counterparts are fitted, once and for all: two years.
FITTED_ON = 504


def _returns(day: Daily) -> pd.Series:
    return day.series(day.log_return)


@at_decisions
def _z_score_of_all(day: Daily) -> pd.Series:
    seen = _returns(day)
    return (seen - seen.mean()) / seen.std()


@at_decisions
def _z_score_so_far(day: Daily) -> pd.Series:
    seen = _returns(day)
    return (seen - seen.expanding().mean()) / seen.expanding(2).std()


@at_decisions
def _place_in_all(day: Daily) -> Floats:
    close = day.bars.close
    return np.asarray((close - close.min()) / max(np.ptp(close), 1e-9))


@at_decisions
def _place_so_far(day: Daily) -> Floats:
    close = day.bars.close
    low, high = np.minimum.accumulate(close), np.maximum.accumulate(close)
    return np.asarray((close - low) / np.maximum(high - low, 1e-9))


@at_decisions
def _rank_in_all(day: Daily) -> pd.Series:
    return _returns(day).rank(pct=True)


@at_decisions
def _rank_in_a_year(day: Daily) -> pd.Series:
    return _returns(day).rolling(252).rank(pct=True)


@at_decisions
def _bins_of_all(day: Daily) -> Floats:
    seen = day.log_return
    return np.digitize(seen, np.nanquantile(seen, np.linspace(0.1, 0.9, 9))).astype(np.float64)


@at_decisions
def _bins_of_the_first(day: Daily) -> Floats:
    seen = day.log_return
    if len(seen) <= FITTED_ON:
        return np.full(len(seen), np.nan)
    edges = np.nanquantile(seen[:FITTED_ON], np.linspace(0.1, 0.9, 9))
    return _behind(np.digitize(seen, edges).astype(np.float64))


@at_decisions
def _winsorised_by_all(day: Daily) -> Floats:
    seen = day.log_return
    # Most rows lie between the limits; their distance to the upper one shows that it moves.
    low, high = np.nanquantile(seen, [0.01, 0.99])
    return np.asarray(np.clip(seen, low, high) / high)


@at_decisions
def _winsorised_by_the_past(day: Daily) -> pd.Series:
    seen = _returns(day)
    low, high = seen.rolling(252).quantile(0.01), seen.rolling(252).quantile(0.99)
    return seen.clip(low, high) / high


@at_decisions
def _component_of_all(day: Daily) -> Floats:
    rows = _moves(day)
    return _component(rows, rows)


@at_decisions
def _component_of_the_first(day: Daily) -> Floats:
    rows = _moves(day)
    if len(rows) <= FITTED_ON:
        return np.full(len(rows), np.nan)
    return _behind(_component(rows, rows[:FITTED_ON]))


@at_decisions
def _detrended_by_all(day: Daily) -> Floats:
    log = np.log(day.bars.close)
    at = np.arange(len(log))
    return np.asarray(log - np.polyval(np.polyfit(at, log, 1), at))


@at_decisions
def _detrended_by_the_past(day: Daily) -> pd.Series:
    log = day.series(np.log(day.bars.close))
    return log - log.rolling(252).mean()


@at_decisions
def _regime_of_all(day: Daily) -> Floats:
    rows = _moves(day)
    return _regime(rows, rows)


@at_decisions
def _regime_of_the_first(day: Daily) -> Floats:
    rows = _moves(day)
    if len(rows) <= FITTED_ON:
        return np.full(len(rows), np.nan)
    return _behind(_regime(rows, rows[:FITTED_ON]))


@at_decisions
def _month_mean_of_all(day: Daily) -> pd.Series:
    seen = _returns(day)
    return seen.groupby(seen.index.month).transform("mean")


@at_decisions
def _month_mean_so_far(day: Daily) -> pd.Series:
    seen = _returns(day)
    return seen.groupby(seen.index.month).transform(lambda own: own.expanding().mean())


@at_decisions
def _target_mean_of_all(day: Daily) -> pd.Series:
    outcome = day.series(day.outcome)
    return outcome.groupby(outcome.index.weekday).transform("mean")


@at_decisions
def _target_mean_of_ended(day: Daily) -> Floats:
    weekday = pd.DatetimeIndex(day.session).weekday
    found = np.full(len(weekday), np.nan)
    for each in range(5):
        own = np.flatnonzero((weekday == each) & day.labels.is_labelled)
        ended = np.sort(day.labels.t_touch[own])
        order = np.argsort(day.labels.t_touch[own], kind="stable")
        summed = np.concatenate([[0.0], np.cumsum(day.outcome[own][order])])
        asked = np.flatnonzero(weekday == each)
        count = np.searchsorted(ended, day.decided[asked], side="right")
        found[asked] = summed[count] / np.where(count > 0, count, np.nan)
    return found


def _moves(day: Daily) -> Floats:
    vix = np.diff(np.log(day.published("VIX")), prepend=np.nan)
    other = np.diff(np.log(day.other.close), prepend=np.nan)
    return np.asarray(np.nan_to_num(np.column_stack([day.log_return, other, vix])))


def _component(rows: Floats, fitted_on: Floats) -> Floats:
    weights = PCA(1, svd_solver="full").fit(fitted_on).components_[0]
    # Column by column: a matrix product may round differently for another number of rows.
    return np.asarray(rows[:, 0] * weights[0] + rows[:, 1] * weights[1] + rows[:, 2] * weights[2])


def _regime(rows: Floats, fitted_on: Floats) -> Floats:
    size = np.abs(rows)
    with warnings.catch_warnings():
        # Fewer distinct rows than clusters, in very short histories.
        warnings.simplefilter("ignore")
        centres = np.sort(
            KMeans(2, n_init=1, random_state=7).fit(np.abs(fitted_on)[:, :1]).cluster_centers_[:, 0]
        )
    return np.asarray(size[:, 0] / centres[-1])


def _behind(values: Floats) -> Floats:
    values[:FITTED_ON] = np.nan
    return values


SCALING = (
    Leak(
        "whole-sample z-score",
        "scaling",
        "mean and deviation of all rows, later ones among them",
        CUT_DAILY,
        _z_score_of_all,
        _z_score_so_far,
    ),
    Leak(
        "whole-sample minimum and maximum",
        "scaling",
        "a price placed between extremes of which one is still to come",
        CUT_DAILY,
        _place_in_all,
        _place_so_far,
    ),
    Leak(
        "whole-sample rank",
        "scaling",
        "a return ranked among later ones",
        CUT_DAILY,
        _rank_in_all,
        _rank_in_a_year,
    ),
    Leak(
        "quantile bins of the whole sample",
        "scaling",
        "bin edges that are quantiles of all rows",
        CUT_DAILY,
        _bins_of_all,
        _bins_of_the_first,
    ),
    Leak(
        "winsorised at quantiles of the whole sample",
        "scaling",
        "limits of outliers that later outliers have moved",
        CUT_DAILY,
        _winsorised_by_all,
        _winsorised_by_the_past,
    ),
    Leak(
        "principal component of the whole sample",
        "scaling",
        "loadings fitted on all rows before the split into training and test",
        CUT_DAILY,
        _component_of_all,
        _component_of_the_first,
    ),
    Leak(
        "trend of the whole sample taken out",
        "scaling",
        "residuals of a line through all prices, which knows where they end",
        CUT_DAILY,
        _detrended_by_all,
        _detrended_by_the_past,
    ),
    Leak(
        "regimes clustered on the whole sample",
        "scaling",
        "cluster centres that later crises have moved",
        CUT_DAILY,
        _regime_of_all,
        _regime_of_the_first,
    ),
    Leak(
        "seasonal mean of the whole sample",
        "scaling",
        "mean return of the calendar month over all years, later ones too",
        CUT_DAILY,
        _month_mean_of_all,
        _month_mean_so_far,
    ),
    Leak(
        "target mean by category over all rows",
        "scaling",
        "weekdays encoded by the mean label of all their rows, the row's own among them",
        CUT_DAILY,
        _target_mean_of_all,
        _target_mean_of_ended,
    ),
)
