"""Fits that read more than their training rows. They are no trials: nobody sees what they earn."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.cli.verification.leaks.record import FIT_ALONE, Leak
from alphaline.metrics.prediction import log_loss
from alphaline.models.catalogue import ModelSpec, fit
from alphaline.models.estimators import Estimator
from alphaline.research.prepared import Indices, PreparedData
from alphaline.research.walk import label_weights

Floats = NDArray[np.float64]

_PLAIN = ModelSpec("logistic")
_ROUNDS = tuple(
    ModelSpec("lightgbm", {"rounds": rounds, "min_data_in_leaf": 50}) for rounds in (5, 20)
)
_PENALTIES = tuple(ModelSpec("logistic", {"C": strength}) for strength in (0.001, 1.0))
# Entry beyond the best fifth of the predictions, as in the strategy file.
_QUANTILE = 0.8
_KEPT = 5


def _everything(data: PreparedData) -> Indices:
    return np.arange(len(data))


def _model(data: PreparedData, rows: Indices, spec: ModelSpec = _PLAIN) -> Estimator:
    return fit(spec, data.features[rows], data.longs.y[rows], np.ones(len(rows)))


def _means(data: PreparedData, rows: Indices) -> Floats:
    seen = data.features[rows].astype(np.float64)
    return np.concatenate([np.nanmean(seen, axis=0), np.nanstd(seen, axis=0)])


def _scaled_by_all(data: PreparedData, _: Indices) -> Floats:
    return _means(data, _everything(data))


def _scaled_by_training(data: PreparedData, rows: Indices) -> Floats:
    return _means(data, rows)


def _medians(data: PreparedData, rows: Indices) -> Floats:
    return np.nanmedian(data.features[rows].astype(np.float64), axis=0)


def _imputed_by_all(data: PreparedData, _: Indices) -> Floats:
    return _medians(data, _everything(data))


def _imputed_by_training(data: PreparedData, rows: Indices) -> Floats:
    return _medians(data, rows)


def _correlations(data: PreparedData, rows: Indices) -> Floats:
    features = np.nan_to_num(data.features[rows].astype(np.float64))
    label = data.longs.y[rows] - data.longs.y[rows].mean()
    centred = features - features.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0) * (label**2).sum())
    return np.asarray(np.abs((centred * label[:, None]).sum(axis=0)) / np.maximum(size, 1e-12))


def _chosen(data: PreparedData, rows: Indices) -> Floats:
    return np.sort(np.argsort(-_correlations(data, rows))[:_KEPT]).astype(np.float64)


def _selected_by_all(data: PreparedData, _: Indices) -> Floats:
    return _chosen(data, _everything(data))


def _selected_by_training(data: PreparedData, rows: Indices) -> Floats:
    return _chosen(data, rows)


def _threshold(data: PreparedData, rows: Indices, judged: Indices) -> Floats:
    return np.quantile(_model(data, rows).predict(data.features[judged]), [_QUANTILE])


def _threshold_of_all(data: PreparedData, rows: Indices) -> Floats:
    return _threshold(data, rows, _everything(data))


def _threshold_of_training(data: PreparedData, rows: Indices) -> Floats:
    return _threshold(data, rows, rows)


def _best(data: PreparedData, rows: Indices, judged: Indices, specs: Sequence[ModelSpec]) -> Floats:
    """Return the loss of each spec on the judged rows, by which the best is taken."""
    if not judged.size:
        return np.full(len(specs), np.nan)
    models = [_model(data, rows, spec) for spec in specs]
    return np.array(
        [log_loss(data.longs.y[judged], m.predict(data.features[judged])) for m in models]
    )


def _rest(data: PreparedData, rows: Indices) -> Indices:
    return np.setdiff1d(_everything(data), rows)


def _inside(data: PreparedData, rows: Indices) -> tuple[Indices, Indices]:
    """Return earlier and later training rows, without those whose label reaches across."""
    split = np.quantile(data.known_at[rows], 0.8, method="nearest")
    earlier = rows[data.longs.t_entry[rows] + data.longest_life_ns < split]
    return earlier, rows[data.known_at[rows] >= split]


def _stopped_on_the_rest(data: PreparedData, rows: Indices) -> Floats:
    return _best(data, rows, _rest(data, rows), _ROUNDS)


def _stopped_on_training(data: PreparedData, rows: Indices) -> Floats:
    return _best(data, *_inside(data, rows), _ROUNDS)


def _tuned_on_the_rest(data: PreparedData, rows: Indices) -> Floats:
    return _best(data, rows, _rest(data, rows), _PENALTIES)


def _tuned_on_training(data: PreparedData, rows: Indices) -> Floats:
    return _best(data, *_inside(data, rows), _PENALTIES)


def _weighted_among_all(data: PreparedData, rows: Indices) -> Floats:
    return label_weights(data, _everything(data))[rows]


def _weighted_among_training(data: PreparedData, rows: Indices) -> Floats:
    return label_weights(data, rows)


def _encoded(data: PreparedData, rows: Indices) -> Floats:
    weekday = pd.DatetimeIndex(data.session[rows]).weekday.to_numpy()
    return np.array([data.longs.y[rows][weekday == each].mean() for each in range(5)])


def _encoded_by_all(data: PreparedData, _: Indices) -> Floats:
    return _encoded(data, _everything(data))


def _encoded_by_training(data: PreparedData, rows: Indices) -> Floats:
    return _encoded(data, rows)


def _balanced_by_all(data: PreparedData, _: Indices) -> Floats:
    return np.array([data.longs.y.mean()])


def _balanced_by_training(data: PreparedData, rows: Indices) -> Floats:
    return np.array([data.longs.y[rows].mean()])


FITS = (
    Leak(
        "scaler fitted before the split",
        "fits",
        "mean and deviation of the test rows among those of the scaler",
        FIT_ALONE,
        _scaled_by_all,
        _scaled_by_training,
    ),
    Leak(
        "imputation fitted before the split",
        "fits",
        "gaps of the training rows filled with a median over all rows",
        FIT_ALONE,
        _imputed_by_all,
        _imputed_by_training,
    ),
    Leak(
        "feature selection on the full sample",
        "fits",
        "the columns that go best with all labels, tested on some of them",
        FIT_ALONE,
        _selected_by_all,
        _selected_by_training,
    ),
    Leak(
        "target encoding before the split",
        "fits",
        "mean label by weekday, test labels included",
        FIT_ALONE,
        _encoded_by_all,
        _encoded_by_training,
    ),
    Leak(
        "threshold fitted on the test span",
        "fits",
        "the entry threshold is a quantile of test predictions too",
        FIT_ALONE,
        _threshold_of_all,
        _threshold_of_training,
    ),
    Leak(
        "early stopping on the test span",
        "fits",
        "the number of rounds that does best on what is tested",
        FIT_ALONE,
        _stopped_on_the_rest,
        _stopped_on_training,
    ),
    Leak(
        "parameters chosen on the test span",
        "fits",
        "the strength of the penalty that does best on what is tested",
        FIT_ALONE,
        _tuned_on_the_rest,
        _tuned_on_training,
    ),
    Leak(
        "weights that count test labels",
        "fits",
        "uniqueness of training labels among labels of the test span",
        FIT_ALONE,
        _weighted_among_all,
        _weighted_among_training,
    ),
    Leak(
        "classes balanced over all rows",
        "fits",
        "weights by the share of the classes in training and test together",
        FIT_ALONE,
        _balanced_by_all,
        _balanced_by_training,
    ),
)
