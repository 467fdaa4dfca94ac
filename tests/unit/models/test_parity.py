"""The proof reaches every split, holds for a snapped model and fails for any other."""

import struct

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import ModelError, ParityError
from alphaline.models.estimators import BoosterEstimator, LogisticEstimator
from alphaline.models.model_input import as_model_input
from alphaline.models.onnx_conversion import INPUT_NAME, OUTPUT_NAME, to_onnx_bytes
from alphaline.models.parity import MAX_DIFFERENCE, ParityResult, compare, require_parity
from alphaline.models.parity_rows import parity_rows
from alphaline.models.training import DEFAULT_PARAMETERS, fit_logistic
from alphaline.models.tree_text import floor32, snapped
from alphaline.runtime.onnx_file import check_onnx_file
from alphaline.runtime.onnx_session import open_session
from tests.delivered_models import fitted_booster, training_rows

ENTRY_LONG, ENTRY_SHORT = 0.6, 0.4


def _plain_booster(rounds: int = 30, **parameters: object) -> str:
    """Fit a booster and leave it as LightGBM does: its thresholds are doubles."""
    rows, labels = training_rows(3_000)
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "deterministic": True}
    data = lgb.Dataset(rows, labels)
    booster = lgb.train({**DEFAULT_PARAMETERS, **settings, **parameters}, data, rounds)
    return str(booster.model_to_string())


def _served(onnx: bytes, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    session = open_session(onnx)
    assert [tensor.name for tensor in session.get_inputs()] == [INPUT_NAME]
    answer = session.run([OUTPUT_NAME], {INPUT_NAME: rows})[0]
    assert answer.dtype == np.float32
    assert answer.shape == (len(rows), 1)
    return np.asarray(answer[:, 0], dtype=np.float64)


def _proof(estimator: BoosterEstimator) -> ParityResult:
    made = parity_rows(estimator, training_rows(500, seed=3)[0])
    served = _served(to_onnx_bytes(estimator, "m"), made.rows)
    return compare(
        estimator.predict(made.rows),
        served,
        ENTRY_LONG,
        ENTRY_SHORT,
        made.thresholds_reached,
        made.thresholds_total,
    )


def test_a_snapped_booster_equals_its_file_at_every_threshold() -> None:
    result = _proof(fitted_booster(rounds=30))
    assert result.thresholds_total > 300
    assert result.thresholds_reached == result.thresholds_total
    assert result.rows_checked == 500 + 6 * result.thresholds_total
    assert result.differing_count == 0
    assert result.holds
    require_parity(result)


def test_plain_conversion_without_snapping_fails_the_proof() -> None:
    result = _proof(BoosterEstimator(_plain_booster()))
    assert result.differing_count > 50
    assert result.max_difference is not None
    assert result.max_difference > 1e-3
    assert any(row.decision_changes for row in result.differing_rows)
    with pytest.raises(ParityError, match=r"row \d+: native 0\.\d+, served 0\.\d+"):
        require_parity(result)


def test_splits_of_null_against_every_value_are_reached_too() -> None:
    text = snapped(_plain_booster(rounds=60, num_leaves=31, min_data_in_leaf=5))
    assert "inf" in text
    assert _proof(BoosterEstimator(text)).holds


def test_one_real_row_is_enough_to_reach_every_threshold() -> None:
    estimator = fitted_booster()
    made = parity_rows(estimator, training_rows(1)[0])
    assert made.thresholds_reached == made.thresholds_total


def test_snapping_changes_no_answer_to_a_float32_row_and_is_idempotent() -> None:
    plain = _plain_booster()
    text = snapped(plain)
    assert text != plain
    assert snapped(text) == text
    rows = parity_rows(BoosterEstimator(text), training_rows(500, seed=3)[0]).rows
    before, after = BoosterEstimator(plain).predict(rows), BoosterEstimator(text).predict(rows)
    assert before.tobytes() == after.tobytes()


def test_a_categorical_split_is_refused() -> None:
    rows, labels = training_rows(500)
    rows[:, 2] = np.arange(500) % 3
    data = lgb.Dataset(rows, labels, categorical_feature=[2])
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_per_group": 1}
    booster = lgb.train({**parameters, "cat_smooth": 0.0}, data, 20)
    with pytest.raises(ModelError, match="categorical"):
        snapped(booster.model_to_string())


@given(st.floats(allow_nan=False))
def test_the_snapped_threshold_asks_float32_rows_the_same_question(threshold: float) -> None:
    low = floor32(threshold)
    assert float(low) <= threshold or low == -np.inf
    with np.errstate(over="ignore"):
        assert float(np.nextafter(low, np.float32(np.inf))) > threshold or low == np.inf


@given(st.integers(0, 2**32 - 1))
def test_model_input_is_float32_without_values_near_zero(bits: int) -> None:
    value = np.array([[struct.unpack("<f", struct.pack("<I", bits))[0]]], dtype=np.float32)
    seen = as_model_input(value)
    if abs(value[0, 0]) <= 1e-35:
        assert seen[0, 0] == 0.0
    else:
        assert seen.tobytes() == value.tobytes() or np.isnan(value[0, 0])


def test_the_file_of_a_model_is_byte_identical_from_run_to_run() -> None:
    text = fitted_booster().model_text
    first, second = (to_onnx_bytes(BoosterEstimator(text), "m") for _ in range(2))
    assert first == second
    check_onnx_file(first)


def test_the_baseline_equals_its_file_with_and_without_nulls() -> None:
    rows, labels = training_rows(2_000)
    estimator = fit_logistic(rows, labels)
    assert isinstance(estimator, LogisticEstimator)
    onnx = to_onnx_bytes(estimator, "baseline")
    assert onnx == to_onnx_bytes(estimator, "baseline")
    check_onnx_file(onnx)
    asked = training_rows(500, seed=3)[0]
    asked[:8] = np.where(np.eye(8, dtype=bool), np.nan, asked[:8])
    result = compare(estimator.predict(asked), _served(onnx, asked), ENTRY_LONG, ENTRY_SHORT)
    assert result.holds


def test_an_estimator_without_a_converter_is_refused() -> None:
    class Constant:
        column_count = 1

        def predict(self, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
            return np.zeros(len(rows))

    with pytest.raises(ModelError, match="saw Constant"):
        to_onnx_bytes(Constant(), "m")


NATIVE = np.array([0.2, 0.5, 0.6])


@pytest.mark.parametrize(
    ("served", "count"),
    [
        (NATIVE, 0),
        (NATIVE + MAX_DIFFERENCE * 0.9, 0),
        (NATIVE + np.array([0, 2 * MAX_DIFFERENCE, 0]), 1),
        (NATIVE - np.array([0, 0, 1e-9]), 1),  # below the long threshold by a hair
        (np.array([0.2, np.nan, 0.6]), 1),
        (np.array([np.inf, np.nan, -np.inf]), 3),
    ],
)
def test_a_difference_or_a_changed_decision_fails(
    served: npt.NDArray[np.float64], count: int
) -> None:
    result = compare(NATIVE, served, ENTRY_LONG, ENTRY_SHORT)
    assert (result.differing_count, result.holds) == (count, count == 0)


def test_two_answers_that_are_both_no_number_do_not_agree() -> None:
    nothing = np.array([np.nan])
    assert not compare(nothing, nothing, None, None).holds


def test_a_threshold_that_no_row_reaches_fails() -> None:
    assert not compare(NATIVE, NATIVE, None, None, 9, 10).holds


def test_no_rows_prove_nothing() -> None:
    assert not compare(np.empty(0), np.empty(0), None, None).holds
