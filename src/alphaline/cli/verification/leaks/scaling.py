"""Scalings that are fitted on the whole sample."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak

# Sessions on which the honest counterparts are fitted, once and for all: two years.
FITTED_ON = 504


@at_decisions
def _z_score_of_all(day: Daily) -> pd.Series:
    seen = day.returns
    return (seen - seen.mean()) / seen.std()


@at_decisions
def _z_score_so_far(day: Daily) -> pd.Series:
    seen = day.returns
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
    return day.returns.rank(pct=True)


@at_decisions
def _rank_in_a_year(day: Daily) -> pd.Series:
    return day.returns.rolling(252).rank(pct=True)


@at_decisions
def _winsorised_by_all(day: Daily) -> Floats:
    seen = day.log_return
    # Most rows lie between the limits; their distance to the upper one shows that it moves.
    low, high = np.nanquantile(seen, [0.01, 0.99])
    return np.asarray(np.clip(seen, low, high) / high)


@at_decisions
def _winsorised_by_the_past(day: Daily) -> pd.Series:
    seen = day.returns
    low, high = seen.rolling(252).quantile(0.01), seen.rolling(252).quantile(0.99)
    return seen.clip(low, high) / high


@at_decisions
def _component_of_all(day: Daily) -> Floats:
    rows = day.moves
    return _component(rows, rows)


@at_decisions
def _component_of_the_first(day: Daily) -> Floats:
    return fitted_on_the_first(day.moves, _component)


@at_decisions
def _detrended_by_all(day: Daily) -> Floats:
    log = np.log(day.bars.close)
    at = np.arange(len(log))
    return np.asarray(log - np.polyval(np.polyfit(at, log, 1), at))


@at_decisions
def _detrended_by_the_past(day: Daily) -> pd.Series:
    log = day.series(np.log(day.bars.close))
    return log - log.rolling(252).mean()


def _component(rows: Floats, fitted_on: Floats) -> Floats:
    weights = PCA(1, svd_solver="full").fit(fitted_on).components_[0]
    # Column by column: a matrix product may round differently for another number of rows.
    return np.asarray(rows[:, 0] * weights[0] + rows[:, 1] * weights[1] + rows[:, 2] * weights[2])


def fitted_on_the_first(rows: Floats, value: Callable[[Floats, Floats], Floats]) -> Floats:
    """Return ``value`` of rows and the first ``FITTED_ON`` of them, NaN for those; NaN where no more are."""
    if len(rows) <= FITTED_ON:
        return np.full(len(rows), np.nan)
    found = value(rows, rows[:FITTED_ON])
    found[:FITTED_ON] = np.nan
    return found


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
)
