import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics
from sklearn.calibration import calibration_curve as curve_of_scikit_learn

from alphaline.metrics.prediction import (
    auc,
    brier_score,
    calibration_curve,
    calibration_error,
    information_coefficient,
    information_coefficient_by_horizon,
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
    observed, predicted = curve_of_scikit_learn(y, p, n_bins=10)
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


@given(predictions(), st.integers(1, 12))
def test_the_calibration_curve_holds_each_row_in_its_bin(rows, bins):
    y, p = rows
    seen = calibration_curve(y, p, bins)
    for k in range(bins):
        held = [i for i, x in enumerate(p) if min(int(x * bins), bins - 1) == k]
        assert seen.count[k] == len(held)
        expected = [np.mean(p[held]), np.mean(y[held])] if held else [math.nan, math.nan]
        assert [seen.mean_probability[k], seen.share_of_ones[k]] == pytest.approx(
            expected, nan_ok=True
        )


@given(predictions())
def test_the_calibration_error_is_the_curves_mean_distance(rows):
    seen = calibration_curve(*rows)
    distance = np.nan_to_num(np.abs(seen.mean_probability - seen.share_of_ones))
    assert calibration_error(*rows) == pytest.approx(np.sum(distance * seen.count) / len(rows[0]))


def test_the_calibration_curve_agrees_with_scikit_learn():
    rng = np.random.default_rng(5)
    p = rng.random(3000)
    y = (rng.random(3000) < p**2).astype(np.int8)
    seen = calibration_curve(y, p)
    observed, predicted = curve_of_scikit_learn(y, p, n_bins=10)
    assert seen.share_of_ones == pytest.approx(observed)
    assert seen.mean_probability == pytest.approx(predicted)
    assert seen.count.sum() == 3000


@pytest.mark.parametrize("p", [[], [0.5, math.nan]])
def test_no_known_prediction_has_an_empty_curve(p):
    seen = calibration_curve(np.array([0, 1][: len(p)], dtype=np.int8), np.array(p))
    assert seen.count.tolist() == [0] * 10
    assert np.isnan(seen.mean_probability).all()
    assert np.isnan(seen.share_of_ones).all()


@given(predictions(), st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_the_coefficient_of_a_horizon_leaves_out_what_has_not_ended(rows, seed, horizons):
    p = rows[1]
    realised = np.round(np.random.default_rng(seed).normal(size=(len(p), horizons)), 1)
    for h in range(horizons):
        realised[len(p) - h :, h] = math.nan
    seen = information_coefficient_by_horizon(p, realised)
    expected = [
        information_coefficient(p[: len(p) - h], realised[: len(p) - h, h]) for h in range(horizons)
    ]
    assert seen.coefficient == pytest.approx(expected, nan_ok=True)
    assert seen.rows.tolist() == [len(p) - h for h in range(horizons)]


def test_a_signal_that_fades_has_a_smaller_coefficient_at_a_longer_horizon():
    rng = np.random.default_rng(1)
    p = rng.normal(size=3000)
    noise = rng.normal(size=(3000, 3))
    seen = information_coefficient_by_horizon(p, p[:, None] + noise * np.array([1.0, 3.0, 30.0]))
    assert seen.coefficient[0] > seen.coefficient[1] > seen.coefficient[2]


def test_a_missing_prediction_has_no_coefficient_at_any_horizon():
    seen = information_coefficient_by_horizon(np.array([0.1, math.nan, 0.3]), np.ones((3, 2)))
    assert np.isnan(seen.coefficient).all()


@pytest.mark.parametrize("shape", [(3,), (4, 2)])
def test_realised_returns_of_other_rows_are_refused(shape):
    with pytest.raises(ValueError, match="shape \\(3, horizons\\)"):
        information_coefficient_by_horizon(np.zeros(3), np.zeros(shape))
