import numpy as np
import pytest
from numpy.typing import NDArray

from alphaline.metrics import prediction
from alphaline.models.catalogue import MODEL_KINDS, ModelSpec, fit
from alphaline.selection.attribution import tree_attributions
from alphaline.selection.importance import log_losses, permutation_importance
from tests.unit.selection.made_sample import made_sample

TREES = [kind for kind in MODEL_KINDS if kind != "logistic"]
FEW_TREES = {
    "random_forest": {"n_estimators": 10},
    "hist_gradient_boosting": {"max_iter": 10},
    "catboost": {"iterations": 10},
}


class Known:
    """A model whose answer is known: the logistic function of weighted columns."""

    def __init__(self, *weights: float) -> None:
        self.weights = np.array(weights)

    @property
    def column_count(self) -> int:  # noqa: D102
        return len(self.weights)

    def predict(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:  # noqa: D102
        return 1.0 / (1.0 + np.exp(-(rows @ self.weights)))


def drawn(n: int = 4000) -> tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.float64]]:
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((n, 3))
    labels = (rows[:, 0] + rows[:, 1] + rng.logistic(size=n) > 0).astype(np.int8)
    return rows, labels, np.ones(n)


def importance(model: Known, *groups: list[int], repeats: int = 3) -> NDArray[np.float64]:
    rows, labels, weights = drawn()
    found = [np.array(group) for group in groups]
    rng = np.random.default_rng(9)
    return permutation_importance(model, rows, labels, weights, found, rng, repeats).mean


def test_the_mean_of_the_losses_is_the_metric() -> None:
    _, labels, _ = drawn()
    p = np.random.default_rng(1).random(len(labels))
    assert log_losses(labels, p).mean() == pytest.approx(prediction.log_loss(labels, p))


def test_the_mean_goes_by_weights_and_the_error_is_that_of_a_mean() -> None:
    rows, labels, _ = drawn(200)
    weights = np.random.default_rng(2).random(200)
    model = Known(1.0, 1.0, 0.0)
    groups = [np.array([0])]
    seen = permutation_importance(model, rows, labels, weights, groups, np.random.default_rng(9), 1)
    order = np.random.default_rng(9).permutation(200)
    shuffled = np.column_stack([rows[order, 0], rows[:, 1:]])
    cost = log_losses(labels, model.predict(shuffled)) - log_losses(labels, model.predict(rows))
    assert seen.mean[0] == pytest.approx(np.average(cost, weights=weights))
    equal = permutation_importance(
        model, rows, labels, np.ones(200), groups, np.random.default_rng(9), 1
    )
    assert equal.error[0] == pytest.approx(np.std(cost) / np.sqrt(200))


def test_what_the_model_does_not_read_costs_nothing() -> None:
    assert importance(Known(1.0, 1.0, 0.0), [2])[0] == pytest.approx(0.0, abs=1e-15)


def test_what_it_reads_rightly_costs_and_what_it_reads_wrongly_helps() -> None:
    right, wrong = importance(Known(1.0, 0.0, 1.0), [0], [2])
    assert right > 0.05
    assert wrong == pytest.approx(0.0, abs=0.05)
    reversed_sign = importance(Known(-1.0, 0.0, 0.0), [0])[0]
    assert reversed_sign < -0.05


def test_a_group_is_shuffled_by_one_permutation() -> None:
    # The model reads only the difference of two equal columns, which is 0 for as long as both
    # move together.
    rng = np.random.default_rng(3)
    column = rng.standard_normal(500)
    rows, labels = np.column_stack([column, column]), (column > 0).astype(np.int8)
    model, weights = Known(1.0, -1.0), np.ones(500)
    groups = [np.array([0, 1]), np.array([0])]
    together, alone = permutation_importance(model, rows, labels, weights, groups, rng, 2).mean
    assert together == pytest.approx(0.0, abs=1e-12)
    assert alone > 0.1


def test_the_rows_are_left_as_they_were() -> None:
    rows, labels, weights = drawn(100)
    before = rows.copy()
    rng = np.random.default_rng(0)
    permutation_importance(Known(1, 1, 1), rows, labels, weights, [np.array([0])], rng, 2)
    assert np.array_equal(rows, before)


@pytest.mark.parametrize("kind", TREES)
def test_attributions_of_every_kind_of_trees_add_up_and_see_the_signal(kind: str) -> None:
    sample = made_sample(11, n=500)
    columns = [sample.names.index(name) for name in ("signal", "noise_0", "noise_1")]
    rows = np.asarray(sample.rows[:, columns], dtype=np.float32)
    model = fit(
        ModelSpec(kind, FEW_TREES.get(kind, {"rounds": 10})), rows, sample.labels, sample.weights
    )
    values = tree_attributions(model, rows)
    assert values is not None
    assert values.shape == rows.shape
    assert np.abs(values).mean(axis=0).argmax() == 0
    answer = model.predict(rows)
    score = answer if kind == "random_forest" else np.log(answer / (1.0 - answer))
    base = score - values.sum(axis=1)
    np.testing.assert_allclose(base, base.mean(), atol=1e-4)


def test_a_model_without_trees_is_not_explained() -> None:
    sample = made_sample(11, n=200)
    rows = np.asarray(sample.rows[:, :2], dtype=np.float32)
    model = fit(ModelSpec("logistic"), rows, sample.labels, sample.weights)
    assert tree_attributions(model, rows) is None
