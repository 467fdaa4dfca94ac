"""Fits models: pure functions of their arguments, the same bytes on every run of one machine."""

from collections.abc import Mapping
from itertools import pairwise

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from alphaline.errors import ModelError
from alphaline.models.estimators import LogisticEstimator, quiet_products
from alphaline.models.model_input import as_model_input, require_trainable
from alphaline.models.parameters import PARAMETERS
from alphaline.models.tree_text import snapped
from alphaline.validation.trades import EntryThresholds

Parameters = Mapping[str, int | float | str | bool]

DEFAULT_PARAMETERS: Parameters = {
    name: one.default for name, one in PARAMETERS["lightgbm"].items() if name != "rounds"
}
DEFAULT_ROUNDS = int(PARAMETERS["lightgbm"]["rounds"].default)

# The order of a sum must not depend on the number of threads.
_DETERMINISM: Parameters = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def fit_lightgbm(
    rows: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int8],
    weights: npt.NDArray[np.float64],
    params: Parameters,
    seed: int,
    rounds: int = DEFAULT_ROUNDS,
    threads: int = 1,
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
    threads
        One by default: two race each other on a busy machine.

    Raises
    ------
    ModelError
        If shapes disagree, a label is not 0 or 1, only one class is there, or a weight is not
        usable.
    """
    require_trainable(rows, labels, weights)
    data = lgb.Dataset(as_model_input(rows), labels, weight=weights, free_raw_data=True)
    fixed = {**_DETERMINISM, "num_threads": threads, "seed": seed}
    booster = lgb.train({**params, **fixed}, data, num_boost_round=rounds)
    return snapped(booster.model_to_string())


def fit_logistic(
    rows: npt.NDArray[np.floating],
    labels: npt.NDArray[np.int8],
    weights: npt.NDArray[np.float64] | None = None,
    inverse_penalty: float = 1.0,
) -> LogisticEstimator:
    """Return the baseline to beat: median imputation, standardisation, L2 logistic regression.

    Rows, labels and weights as in ``fit_lightgbm``; a column without any value counts as 0.
    ``inverse_penalty`` is scikit-learn's ``C``.

    Raises
    ------
    ModelError
        As ``fit_lightgbm``.
    """
    used = np.ones(len(labels)) if weights is None else weights
    require_trainable(rows, labels, used)
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=inverse_penalty, max_iter=1000),
    )
    with quiet_products():
        pipeline.fit(as_model_input(rows), labels, logisticregression__sample_weight=used)
    return LogisticEstimator(pipeline)


def entry_thresholds(
    predictions: npt.NDArray[np.float64],
    long_quantile: float | None,
    short_quantile: float | None,
) -> EntryThresholds:
    """Return the thresholds that these quantiles of the training predictions give.

    A quantile of None: that side is not traded, and has no say in the other's threshold.

    Each is moved into the nearest gap between two predictions (towards fewer entries), so that no
    training row sits on it and rounding to float32 changes no decision.

    Raises
    ------
    ModelError
        If the quantiles are not 0 < short < long < 1, or the predictions take so few values that
        the thresholds would meet.
    """
    stated = [one for one in (short_quantile, long_quantile) if one is not None]
    if not all(low < high for low, high in pairwise([0.0, *stated, 1.0])):
        raise ModelError(
            f"expected 0 < short < long < 1, saw short {short_quantile}, long {long_quantile}"
        )
    long, short = _long(predictions, long_quantile), _short(predictions, short_quantile)
    if long is not None and short is not None and not short < long:
        raise ModelError(
            f"expected a long threshold above the short one, saw {long} and {short} between "
            f"{len(np.unique(predictions))} different predictions: the model hardly tells rows apart"
        )
    return EntryThresholds(entry_long=long, entry_short=short)


# Ten times what the proof allows between native and served probability.
_GAP = 1e-5


def _long(predictions: npt.NDArray[np.float64], quantile: float | None) -> float | None:
    if quantile is None:
        return None
    return _gap_above(np.unique(predictions), float(np.quantile(predictions, quantile)))


def _short(predictions: npt.NDArray[np.float64], quantile: float | None) -> float | None:
    if quantile is None:
        return None
    return -_gap_above(np.unique(-predictions), -float(np.quantile(predictions, quantile)))


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
