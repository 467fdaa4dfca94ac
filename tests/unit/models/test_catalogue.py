"""One battery for every kind of model: what configuration names is fitted, alike each time."""

import subprocess
import sys

import msgspec
import numpy as np
import pytest

from alphaline.errors import ModelError
from alphaline.models.catalogue import MODEL_KINDS, ModelSpec, fit
from alphaline.models.estimators import Estimator
from alphaline.models.parameters import PARAMETERS
from tests.delivered_models import COLUMNS, training_rows

# Trees enough to tell rows apart, few enough to be quick.
SMALL = {
    "logistic": {},
    "random_forest": {"n_estimators": 25, "min_samples_leaf": 20},
    "hist_gradient_boosting": {"max_iter": 25, "min_samples_leaf": 20},
    "lightgbm": {"rounds": 25, "min_data_in_leaf": 20},
    "xgboost": {"rounds": 25, "min_child_weight": 5.0},
    "catboost": {"iterations": 25},
}
ROWS, LABELS = training_rows(1_500)
ASKED, TRUTH = training_rows(800, seed=9)
EVEN = np.ones(len(ROWS))

every_kind = pytest.mark.parametrize("kind", MODEL_KINDS)


def fitted(kind: str, *, seed: int = 1, threads: int = 1, rows=ROWS, weights=EVEN) -> Estimator:
    return fit(ModelSpec(kind, SMALL[kind], seed), rows, LABELS, weights, threads=threads)


def test_the_kinds_are_those_that_strategy_files_may_name() -> None:
    assert set(MODEL_KINDS) == set(SMALL)


@every_kind
def test_the_same_arguments_give_the_same_model(kind: str) -> None:
    first, second = fitted(kind).predict(ASKED), fitted(kind).predict(ASKED)
    assert first.dtype == np.float64
    assert first.shape == (800,)
    assert first.tobytes() == second.tobytes()


@every_kind
def test_a_prediction_of_a_row_does_not_depend_on_its_neighbours(kind: str) -> None:
    model = fitted(kind)
    whole = model.predict(ASKED)
    np.testing.assert_array_equal(model.predict(ASKED[100:140]), whole[100:140])


@pytest.mark.parametrize("kind", sorted(set(MODEL_KINDS) - {"logistic", "hist_gradient_boosting"}))
def test_a_kind_that_draws_draws_by_the_seed(kind: str) -> None:
    assert not np.array_equal(fitted(kind).predict(ASKED), fitted(kind, seed=2).predict(ASKED))


@every_kind
def test_threads_change_the_time_and_not_the_ranking(kind: str) -> None:
    one, two = fitted(kind).predict(ASKED), fitted(kind, threads=2).predict(ASKED)
    np.testing.assert_allclose(one, two, atol=1e-3)


@every_kind
def test_unseen_rows_are_ranked_better_than_by_chance(kind: str) -> None:
    model = fitted(kind)
    p = model.predict(ASKED)
    assert ((p > 0) & (p < 1)).all()
    assert p[TRUTH == 1].mean() > p[TRUTH == 0].mean() + 0.05
    assert model.column_count == COLUMNS


@every_kind
def test_a_null_is_accepted_in_training_and_where_training_had_none(kind: str) -> None:
    filled = np.nan_to_num(ROWS)
    empty = filled.copy()
    empty[:, 4] = np.nan
    for rows in (filled, empty):
        model = fitted(kind, rows=rows)
        assert np.isfinite(model.predict(ASKED)).all()
        assert np.isfinite(model.predict(np.full((3, COLUMNS), np.nan, np.float32))).all()


@every_kind
def test_that_a_value_is_null_can_be_learned(kind: str) -> None:
    rng = np.random.default_rng(3)
    rows = rng.uniform(5, 6, size=(1_500, 2)).astype(np.float32)
    missing = rng.random(1_500) < 0.5
    rows[missing, 0] = np.nan
    labels = (missing ^ (rng.random(1_500) < 0.1)).astype(np.int8)
    p = fit(ModelSpec(kind, SMALL[kind]), rows, labels, np.ones(1_500)).predict(rows)
    if kind == "logistic":  # a median in its place hides that it was missing
        assert np.isfinite(p).all()
    else:
        assert p[missing].mean() > p[~missing].mean() + 0.1


@every_kind
def test_weights_decide_what_is_learned(kind: str) -> None:
    heavy = fitted(kind, weights=np.where(LABELS == 1, 9.0, 1.0))
    assert heavy.predict(ROWS).mean() > fitted(kind).predict(ROWS).mean() + 0.1


@every_kind
def test_only_the_proportions_of_weights_count(kind: str) -> None:
    weights = np.where(LABELS == 1, 2.0, 1.0)
    # A power of two, which no product rounds.
    scaled = fitted(kind, weights=weights / 64)
    np.testing.assert_array_equal(
        scaled.predict(ASKED), fitted(kind, weights=weights).predict(ASKED)
    )


@every_kind
def test_a_row_of_weight_nothing_is_as_if_it_were_not_there(kind: str) -> None:
    spoilt = ROWS.copy()
    spoilt[1_000:, 1] *= -50
    weights = np.where(np.arange(1_500) < 1_000, 1.0, 0.0)
    p = fitted(kind, rows=spoilt, weights=weights).predict(ASKED)
    assert p[TRUTH == 1].mean() > p[TRUTH == 0].mean() + 0.04


@every_kind
def test_double_rows_train_the_model_of_their_float32_values(kind: str) -> None:
    double = ROWS.astype(np.float64) * (1 + 1e-12)
    np.testing.assert_array_equal(
        fitted(kind, rows=double).predict(ASKED), fitted(kind).predict(ASKED)
    )


@every_kind
@pytest.mark.parametrize("labels", [np.zeros(20), np.ones(20), np.arange(20) % 3])
def test_labels_that_nothing_can_be_learned_from_are_refused(kind: str, labels: np.ndarray) -> None:
    with pytest.raises(ModelError, match="labels 0 and 1"):
        fit(ModelSpec(kind), ROWS[:20], labels.astype(np.int8), np.ones(20))


@every_kind
def test_an_infinite_value_is_refused_with_its_place(kind: str) -> None:
    rows = ROWS.copy()
    rows[7, 2] = np.inf
    with pytest.raises(ModelError, match="row 7, column 2"):
        fitted(kind, rows=rows)


@every_kind
@pytest.mark.parametrize("weight", [np.nan, -1.0])
def test_a_weight_that_is_no_weight_is_refused(kind: str, weight: float) -> None:
    weights = EVEN.copy()
    weights[3] = weight
    with pytest.raises(ModelError, match="weights"):
        fitted(kind, weights=weights)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"logistic, random_forest.*saw 'prophet'"):
        ModelSpec("prophet")


@every_kind
def test_an_unknown_parameter_is_refused_with_the_known_ones(kind: str) -> None:
    with pytest.raises(ModelError, match=r"saw 'n_trees'") as caught:
        ModelSpec(kind, {"n_trees": 5})
    assert all(name in str(caught.value) for name in PARAMETERS[kind])


@pytest.mark.parametrize(
    ("name", "value"),
    [("rounds", 0), ("rounds", 10.5), ("rounds", True), ("learning_rate", "fast")],
)
def test_a_parameter_out_of_its_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(ModelError, match=f"expected {name} to be"):
        ModelSpec("lightgbm", {name: value})  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="learning_rate"):
        ModelSpec("xgboost", {"learning_rate": float("nan")})


def test_stating_a_default_is_saying_nothing() -> None:
    plain = ModelSpec("xgboost")
    stated = ModelSpec("xgboost", {"max_depth": 4, "learning_rate": 0.05, "gamma": 0})
    assert stated == plain
    assert stated.chosen() == plain.chosen()
    assert plain.chosen()["model"] == "xgboost"
    assert plain.chosen()["model_max_depth"] == 4


def test_a_spec_survives_its_bytes() -> None:
    spec = ModelSpec("catboost", {"depth": 3}, 11)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=ModelSpec) == spec


@pytest.mark.parametrize("kind", MODEL_KINDS)
def test_every_parameter_is_one_that_its_library_takes(kind: str) -> None:
    for name, one in PARAMETERS[kind].items():
        assert one.reason
        assert one.low <= one.default <= one.high, name


def test_reading_the_catalogue_imports_no_trainer() -> None:
    program = (
        "import sys, alphaline.models.catalogue\n"
        "print({'lightgbm', 'sklearn', 'xgboost', 'catboost'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
