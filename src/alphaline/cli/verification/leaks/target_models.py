"""What a model or a weight made of the targets, among the features."""

import numpy as np
import pandas as pd

from alphaline.cli.verification.leaks.daily import Daily, Floats, at_decisions
from alphaline.cli.verification.leaks.record import CUT_DAILY, Leak
from alphaline.labels.sample_weights import average_uniqueness, return_attribution
from alphaline.market.daily import CLOSE, OPEN

# Decisions that the honest model is fitted on, once and for all: three years.
_FITTED_ON = 756


@at_decisions
def _mean_of_neighbours(day: Daily) -> pd.Series:
    return day.series(day.outcome).shift(1).rolling(5, min_periods=1).mean()


@at_decisions
def _mean_of_ended(day: Daily) -> pd.Series:
    return day.series(day.outcome).shift(21).rolling(5, min_periods=1).mean()


def _inputs(day: Daily) -> Floats:
    move = day.series(day.log_return)
    found = np.column_stack([move, move.rolling(21).std(), np.log(day.published("VIX"))])
    return np.asarray(np.nan_to_num(found))


def _probability(day: Daily, fitted_on: int) -> Floats:
    """Return the predictions of a linear model of the label, fitted on the first decisions."""
    inputs, labels = _inputs(day), day.outcome[:fitted_on]
    known = np.flatnonzero(~np.isnan(labels))
    weights = np.linalg.lstsq(inputs[known], labels[known], rcond=None)[0]
    # Column by column: a matrix product may round differently for another number of rows.
    terms = [inputs[:, place] * weight for place, weight in enumerate(weights.tolist())]
    return np.asarray(sum(terms))


@at_decisions
def _prediction_in_sample(day: Daily) -> Floats:
    return _probability(day, len(day.session))


@at_decisions
def _prediction_out_of_sample(day: Daily) -> Floats:
    if len(day.session) < 2 * _FITTED_ON:
        return np.full(len(day.session), np.nan)
    found = _probability(day, _FITTED_ON)
    # By then all that it was fitted on had ended, in whatever history it is made of.
    found[: 2 * _FITTED_ON - 1] = np.nan
    return found


@at_decisions
def _meta_label_in_sample(day: Daily) -> Floats:
    is_long = _probability(day, len(day.session)) > 0.5
    return day.labelled((is_long == (day.labels.y == 1)).astype(np.float64))


@at_decisions
def _meta_label_ended(day: Daily) -> Floats:
    trend = day.series(day.bars.close).diff(5).to_numpy() > 0.0
    return day.ended((trend == (day.labels.y == 1)).astype(np.float64))


def _own_lives(day: Daily) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.flatnonzero(day.labels.is_labelled)


@at_decisions
def _uniqueness_as_feature(day: Daily) -> Floats:
    own, found = _own_lives(day), np.full(len(day.session), np.nan)
    labels = day.labels.at(own)
    found[own] = average_uniqueness(labels.t_entry, labels.t_touch, day.opened)
    return found


@at_decisions
def _share_of_ended(day: Daily) -> pd.Series:
    return day.series(day.ended(day.outcome)).rolling(63).mean()


@at_decisions
def _weight_as_feature(day: Daily) -> Floats:
    own, found = _own_lives(day), np.full(len(day.session), np.nan)
    labels, prices = day.labels.at(own), day.bars.values
    found[own] = return_attribution(
        labels.t_entry,
        labels.t_touch,
        day.opened,
        np.ascontiguousarray(prices[:, OPEN]),
        np.ascontiguousarray(prices[:, CLOSE]),
    )
    return found


@at_decisions
def _return_since_ended(day: Daily) -> pd.Series:
    return day.series(day.ended(day.labels.realised)).rolling(21).sum()


TARGET_MODELS = (
    Leak(
        "mean label of the neighbours",
        "targets",
        "labels of earlier decisions that have not ended yet",
        CUT_DAILY,
        _mean_of_neighbours,
        _mean_of_ended,
    ),
    Leak(
        "prediction of a model fitted on the same rows",
        "targets",
        "a first model's in-sample prediction as input of a second",
        CUT_DAILY,
        _prediction_in_sample,
        _prediction_out_of_sample,
    ),
    Leak(
        "meta-label of the same model in sample",
        "targets",
        "whether a model was right on the rows that it was fitted on",
        CUT_DAILY,
        _meta_label_in_sample,
        _meta_label_ended,
    ),
    Leak(
        "uniqueness of the label as a feature",
        "targets",
        "a sample weight counts labels that begin later",
        CUT_DAILY,
        _uniqueness_as_feature,
        _share_of_ended,
    ),
    Leak(
        "return attribution as a feature",
        "targets",
        "a sample weight holds the size of the row's own return",
        CUT_DAILY,
        _weight_as_feature,
        _return_since_ended,
    ),
)
