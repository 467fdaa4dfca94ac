"""Bins, clusters and encodings that are fitted on the whole sample."""

import warnings

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.cli.verification.leaks.scaling import fitted_on_the_first


@at_decisions
def _bins_of_all(day: Daily) -> Floats:
    return _bins(day.log_return, day.log_return)


@at_decisions
def _bins_of_the_first(day: Daily) -> Floats:
    return fitted_on_the_first(day.log_return, _bins)


@at_decisions
def _regime_of_all(day: Daily) -> Floats:
    rows = day.moves
    return _regime(rows, rows)


@at_decisions
def _regime_of_the_first(day: Daily) -> Floats:
    return fitted_on_the_first(day.moves, _regime)


@at_decisions
def _month_mean_of_all(day: Daily) -> pd.Series:
    seen = day.returns
    return seen.groupby(seen.index.month).transform("mean")


@at_decisions
def _month_mean_so_far(day: Daily) -> pd.Series:
    seen = day.returns
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


def _bins(values: Floats, fitted_on: Floats) -> Floats:
    edges = np.nanquantile(fitted_on, np.linspace(0.1, 0.9, 9))
    return np.digitize(values, edges).astype(np.float64)


def _regime(rows: Floats, fitted_on: Floats) -> Floats:
    size = np.abs(rows)
    with warnings.catch_warnings():
        # Fewer distinct rows than clusters, in very short histories.
        warnings.simplefilter("ignore")
        centres = np.sort(
            KMeans(2, n_init=1, random_state=7).fit(np.abs(fitted_on)[:, :1]).cluster_centers_[:, 0]
        )
    return np.asarray(size[:, 0] / centres[-1])


ENCODINGS = (
    Leak(
        "quantile bins of the whole sample",
        "scaling",
        "bin edges that are quantiles of all rows",
        CUT_DAILY,
        _bins_of_all,
        _bins_of_the_first,
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
