"""Fits are functions of their arguments; entry thresholds lie where no prediction does."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import ModelError
from alphaline.models.estimators import BoosterEstimator
from alphaline.models.training import (
    DEFAULT_PARAMETERS,
    entry_thresholds,
    fit_lightgbm,
    fit_logistic,
)
from alphaline.validation.trades import EntryThresholds
from tests.delivered_models import COLUMNS, training_rows


def _fit(seed: int = 1, rows: npt.NDArray[np.floating] | None = None) -> str:
    known, labels = training_rows(1_000)
    used = known if rows is None else rows
    return fit_lightgbm(used, labels, np.ones(1_000), DEFAULT_PARAMETERS, seed, 10)


def test_the_same_arguments_give_the_same_model_text() -> None:
    assert _fit() == _fit()
    assert _fit() != _fit(seed=2)


def test_double_rows_train_the_model_of_their_float32_values() -> None:
    rows = training_rows(1_000)[0]
    assert _fit(rows=rows.astype(np.float64) * (1 + 1e-12)) == _fit()


def test_both_models_rank_unseen_rows_better_than_chance() -> None:
    rows, labels = training_rows(1_000)
    asked, truth = training_rows(1_000, seed=9)
    for estimator in (BoosterEstimator(_fit()), fit_logistic(rows, labels)):
        predictions = estimator.predict(asked)
        assert predictions.shape == (1_000,)
        assert predictions[truth == 1].mean() > predictions[truth == 0].mean() + 0.05
        assert estimator.column_count == COLUMNS


def test_weights_decide_what_the_model_learns() -> None:
    rows, labels = training_rows(1_000)
    of_ones = labels == 1
    heavy = fit_lightgbm(rows, labels, np.where(of_ones, 9.0, 1.0), DEFAULT_PARAMETERS, 1, 10)
    light = BoosterEstimator(_fit())
    assert BoosterEstimator(heavy).predict(rows).mean() > light.predict(rows).mean() + 0.1


def test_a_column_without_any_value_is_accepted() -> None:
    rows, labels = training_rows(1_000)
    rows[:, 4] = np.nan
    for estimator in (BoosterEstimator(_fit(rows=rows)), fit_logistic(rows, labels)):
        assert np.isfinite(estimator.predict(rows)).all()


@pytest.mark.parametrize(
    ("labels", "weights"),
    [
        ([0, 0, 0], [1.0, 1.0, 1.0]),
        ([0, 1, 2], [1.0, 1.0, 1.0]),
        ([0, 1], [1.0, 1.0, 1.0]),
        ([0, 1, 0], [1.0, np.nan, 1.0]),
        ([0, 1, 0], [1.0, -1.0, 1.0]),
        ([0, 1, 0], [0.0, 0.0, 0.0]),
    ],
)
def test_labels_or_weights_that_cannot_be_learned_from_are_refused(
    labels: list[int], weights: list[float]
) -> None:
    rows = np.zeros((3, 2), np.float32)
    given_labels, given_weights = np.array(labels, np.int8), np.array(weights)
    with pytest.raises(ModelError):
        fit_lightgbm(rows, given_labels, given_weights, {}, 1)
    with pytest.raises(ModelError):
        fit_logistic(rows, given_labels, given_weights)


@given(
    st.lists(st.floats(0, 1), min_size=50, max_size=300, unique=True),
    st.floats(0.55, 0.95),
)
def test_entry_thresholds_lie_at_the_quantiles_and_on_no_prediction(
    values: list[float], quantile: float
) -> None:
    predictions = np.array(values)
    try:
        found = entry_thresholds(predictions, quantile, 1 - quantile)
    except ModelError:
        assert (np.diff(np.sort(predictions)) <= 1e-5).any() or quantile > 0.9
        return
    long, short = found.long_at, found.short_at
    assert np.abs(predictions - long).min() > 4e-6
    assert np.abs(predictions - short).min() > 4e-6
    rows = len(values)
    assert (predictions >= long).sum() <= np.ceil((1 - quantile) * rows)
    assert (predictions <= short).sum() <= np.ceil((1 - quantile) * rows)


@given(
    st.lists(st.floats(0, 1), min_size=50, max_size=300, unique=True),
    st.floats(0.55, 0.95),
)
def test_a_side_that_is_not_traded_has_no_say_in_the_other(
    values: list[float], quantile: float
) -> None:
    predictions = np.array(values)
    try:
        both = entry_thresholds(predictions, quantile, 1 - quantile)
    except ModelError:
        return
    assert entry_thresholds(predictions, quantile, None) == EntryThresholds(
        entry_long=both.entry_long, entry_short=None
    )
    assert entry_thresholds(predictions, None, 1 - quantile) == EntryThresholds(
        entry_long=None, entry_short=both.entry_short
    )


def test_two_different_predictions_are_enough_for_one_side() -> None:
    two = np.repeat([0.4, 0.6], [60, 40])
    assert entry_thresholds(two, 0.67, None).entry_long == pytest.approx(0.5)
    assert entry_thresholds(two, None, 0.33).entry_short == pytest.approx(0.5)


@pytest.mark.parametrize(("long", "short"), [(1.0, None), (None, 0.0), (0.5, 0.5)])
def test_quantiles_that_are_none_are_refused(long: float | None, short: float | None) -> None:
    with pytest.raises(ModelError, match="0 < short < long < 1"):
        entry_thresholds(np.linspace(0, 1, 100), long, short)


def test_predictions_that_do_not_differ_give_no_thresholds() -> None:
    with pytest.raises(ModelError, match="tells rows apart"):
        entry_thresholds(np.full(100, 0.5), 0.9, 0.1)
    with pytest.raises(ModelError, match="tells rows apart"):
        entry_thresholds(np.repeat([0.4, 0.6], 50), 0.8, 0.2)
    with pytest.raises(ModelError, match="0 < short < long < 1"):
        entry_thresholds(np.linspace(0, 1, 100), 0.1, 0.9)
