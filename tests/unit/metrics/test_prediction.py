import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics
from sklearn.calibration import calibration_curve

from alphaline.metrics.prediction import (
    auc,
    brier_score,
    calibration_error,
    information_coefficient,
    log_loss,
    precision,
    recall,
)


@st.composite
def predictions(draw):
    n = draw(st.integers(4, 40))
    # Few distinct values, so that ties and exact zeros and ones occur.
    p = draw(st.lists(st.integers(0, 16), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    assume(0 < sum(y) < n)
    return np.array(y, dtype=np.int8), np.array(p) / 16


@given(predictions())
def test_auc_agrees_with_scikit_learn(rows):
    assert auc(*rows) == pytest.approx(metrics.roc_auc_score(*rows))


@given(predictions())
def test_log_loss_agrees_with_scikit_learn(rows):
    assert log_loss(*rows) == pytest.approx(metrics.log_loss(*rows), rel=1e-9)


@given(predictions())
def test_brier_score_agrees_with_scikit_learn(rows):
    assert brier_score(*rows) == pytest.approx(metrics.brier_score_loss(*rows))


@given(predictions(), st.sampled_from([0.25, 0.5, 0.75]))
def test_precision_and_recall_agree_with_scikit_learn(rows, threshold):
    y, p = rows
    assume((p >= threshold).any())
    assert precision(y, p, threshold) == pytest.approx(metrics.precision_score(y, p >= threshold))
    assert recall(y, p, threshold) == pytest.approx(metrics.recall_score(y, p >= threshold))


def test_calibration_error_agrees_with_scikit_learns_curve():
    rng = np.random.default_rng(3)
    p = rng.random(4000)
    y = (rng.random(4000) < p**2).astype(np.int8)
    observed, predicted = calibration_curve(y, p, n_bins=10)
    weight = np.histogram(p, bins=10, range=(0, 1))[0] / len(p)
    assert calibration_error(y, p) == pytest.approx(np.sum(weight * np.abs(observed - predicted)))


def test_a_calibrated_forecast_has_no_calibration_error():
    assert calibration_error(np.array([0, 0, 0, 1], dtype=np.int8), np.full(4, 0.25)) == 0.0


@given(predictions(), st.integers(0, 2**32 - 1))
def test_information_coefficient_agrees_with_scipy(rows, seed):
    p = rows[1]
    assume(np.ptp(p) > 0)
    realised = np.round(np.random.default_rng(seed).normal(size=len(p)), 1)
    assume(np.ptp(realised) > 0)
    assert information_coefficient(p, realised) == pytest.approx(
        spearmanr(p, realised).statistic, abs=1e-12
    )


@pytest.mark.parametrize("measure", [auc, log_loss, brier_score, calibration_error])
@pytest.mark.parametrize("p", [[], [0.5, math.nan]])
def test_a_missing_prediction_makes_a_measure_missing(measure, p):
    y = np.array([0, 1][: len(p)], dtype=np.int8)
    assert math.isnan(measure(y, np.array(p)))


@pytest.mark.parametrize("measure", [precision, recall])
def test_a_missing_prediction_makes_a_rate_missing(measure):
    assert math.isnan(measure(np.array([0, 1], dtype=np.int8), np.array([0.9, math.nan]), 0.5))


def test_one_class_alone_has_no_ranking():
    assert math.isnan(auc(np.ones(3, dtype=np.int8), np.array([0.1, 0.2, 0.3])))


def test_no_chosen_row_has_no_precision_and_no_one_has_no_recall():
    zeros = np.zeros(2, dtype=np.int8)
    assert math.isnan(precision(zeros, np.array([0.1, 0.2]), 0.5))
    assert math.isnan(recall(zeros, np.array([0.1, 0.2]), 0.5))


@pytest.mark.parametrize("p", [[0.5], [0.5, 0.5], [0.1, math.nan]])
def test_a_constant_or_missing_side_has_no_information_coefficient(p):
    assert math.isnan(information_coefficient(np.array(p), np.arange(len(p), dtype=float)))
