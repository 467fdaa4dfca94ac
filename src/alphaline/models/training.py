"""Fits models: pure functions of their arguments, the same bytes on every run of one machine."""

from collections.abc import Mapping
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alphaline.errors import ModelError
from alphaline.models.estimators import LogisticEstimator
from alphaline.models.model_input import as_model_input
from alphaline.models.tree_text import snapped

Parameters = Mapping[str, int | float | str | bool]

# Small trees and strong shrinkage: a month of minutes holds few independent outcomes.
DEFAULT_PARAMETERS: Parameters = {
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
}
DEFAULT_ROUNDS = 100

# One thread: two race each other on a busy machine, and sums must not depend on their number.
_DETERMINISM: Parameters = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


class EntryThresholds(NamedTuple):
    """Probability at or above which a long, at or below which a short entry is proposed."""

    long: float
    short: float


def fit_lightgbm(
    rows: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int8],
    weights: npt.NDArray[np.float64],
    params: Parameters,
    seed: int,
    rounds: int = DEFAULT_ROUNDS,
) -> str:
    """Return the model text of a LightGBM booster with its thresholds snapped to float32.

    Parameters
    ----------
    rows
        (n, F), NaN for null; made float32 by ``as_model_input`` first.
    labels
        (n,) of 0 and 1, both present.
    weights
        (n,), non-negative and finite.
    params
        LightGBM's names; objective, threads and determinism are fixed here.
    rounds
        Number of trees.

    Raises
    ------
    ModelError
        If shapes disagree, a label is not 0 or 1, only one class is there, or a weight is not
        usable.
    """
    _check(rows, labels, weights)
    data = lgb.Dataset(as_model_input(rows), labels, weight=weights, free_raw_data=True)
    booster = lgb.train({**params, **_DETERMINISM, "seed": seed}, data, num_boost_round=rounds)
    return snapped(booster.model_to_string())


def fit_logistic(
    rows: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int8],
    weights: npt.NDArray[np.float64] | None = None,
) -> LogisticEstimator:
    """Return the baseline to beat: median imputation, standardisation, L2 logistic regression.

    Rows, labels and weights as in ``fit_lightgbm``; a column without any value counts as 0.

    Raises
    ------
    ModelError
        As ``fit_lightgbm``.
    """
    used = np.ones(len(labels)) if weights is None else weights
    _check(rows, labels, used)
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=1000),
    )
    pipeline.fit(as_model_input(rows), labels, logisticregression__sample_weight=used)
    return LogisticEstimator(pipeline)


def entry_thresholds(
    predictions: npt.NDArray[np.float64], long_quantile: float, short_quantile: float
) -> EntryThresholds:
    """Return the thresholds that these quantiles of the training predictions give.

    Each is moved into the nearest gap between two predictions (towards fewer entries), so that no
    training row sits on it and rounding to float32 changes no decision.

    Raises
    ------
    ModelError
        If the quantiles are not 0 < short < long < 1 or the predictions are too few to divide.
    """
    if not 0.0 < short_quantile < long_quantile < 1.0:
        raise ModelError(
            f"expected 0 < short < long < 1, saw short {short_quantile}, long {long_quantile}"
        )
    values = np.unique(predictions)
    return EntryThresholds(
        long=_gap_above(values, float(np.quantile(predictions, long_quantile))),
        short=-_gap_above(-values[::-1], -float(np.quantile(predictions, short_quantile))),
    )


# Ten times what the proof allows between native and served probability.
_GAP = 1e-5


def _gap_above(values: npt.NDArray[np.float64], start: float) -> float:
    first = int(np.searchsorted(values, start, side="left"))
    below = values[max(first - 1, 0) : -1]
    above = values[max(first - 1, 0) + 1 :]
    wide = np.flatnonzero((above - below > _GAP) & (above >= start))
    if len(wide) == 0:
        raise ModelError(
            f"expected predictions that differ by more than {_GAP} beyond {start}, saw none: "
            "the model hardly tells rows apart"
        )
    at = int(wide[0])
    return float((below[at] + above[at]) / 2)


def _check(
    rows: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int8],
    weights: npt.NDArray[np.float64],
) -> None:
    if rows.ndim != 2 or not len(rows) == len(labels) == len(weights):
        raise ModelError(
            f"expected rows (n, F) with n labels and weights, saw {rows.shape}, {labels.shape}, "
            f"{weights.shape}"
        )
    if not np.array_equal(np.unique(labels), [0, 1]):
        raise ModelError(f"expected labels 0 and 1, both present, saw {np.unique(labels)[:5]}")
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
        raise ModelError("expected finite weights >= 0 that do not all vanish")
