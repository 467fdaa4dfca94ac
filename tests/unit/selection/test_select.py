from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import ContractError, DatasetError
from alphaline.models.catalogue import ModelSpec
from alphaline.selection import Sample, Selection, SelectionRule, select_features
from tests.unit.selection.made_sample import fit_small, made_folds, made_sample

RULE = SelectionRule(repeats=2, explained_rows=100)
SIGNALS = ("signal", "signal_reversed", "signal_shaken")


def selected(sample: Sample, rule: SelectionRule = RULE) -> Selection:
    return select_features(
        sample, made_folds(len(sample.labels)), fit_small, np.random.default_rng(1), rule
    )


@pytest.fixture(scope="module")
def selection() -> Selection:
    return selected(made_sample(1))


def test_the_planted_signals_are_found_and_copies_are_reduced_to_one(selection: Selection) -> None:
    assert len(set(selection.kept) & set(SIGNALS)) == 1
    assert "other_signal" in selection.kept
    assert len({selection.verdict(name).cluster for name in SIGNALS}) == 1
    represented = [n for n in SIGNALS if not selection.verdict(n).is_kept]
    assert {selection.verdict(n).reason for n in represented} == {"REPRESENTED_BY_ANOTHER"}
    (kept,) = set(selection.kept) & set(SIGNALS)
    assert all(kept in selection.verdict(name).detail for name in represented)


def test_the_cluster_costs_what_its_columns_hide_from_each_other(selection: Selection) -> None:
    alone = [selection.verdict(name).importance.mean for name in SIGNALS]
    together = selection.verdict("signal").cluster_importance.mean
    assert together > max(alone)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("empty", "TOO_FEW_VALUES"), ("mostly_empty", "TOO_FEW_VALUES"), ("constant", "CONSTANT")],
)
def test_columns_that_say_nothing_are_refused_before_any_fit(
    selection: Selection, name: str, reason: str
) -> None:
    verdict = selection.verdict(name)
    assert verdict.reason == reason
    assert verdict.cluster is None
    assert selection.judged is not None
    assert name not in selection.judged.names


def test_little_of_pure_noise_is_kept() -> None:
    kept = judged = 0
    for seed in range(4):
        sample = made_sample(seed, n=900, noise=20)
        chance = replace(sample, labels=np.random.default_rng(seed).permutation(sample.labels))
        found = selected(chance, replace(RULE, explained_rows=0))
        kept += len(found.kept)
        judged += sum(verdict.cluster is not None for verdict in found.verdicts)
    # At a level of 5 %, about 4 of 88 clusters; 12 or more would come once in a thousand times.
    assert judged == 96
    assert kept < 12


def test_every_fit_is_counted() -> None:
    calls = []

    def counting(sample, fold):
        calls.append(sample.rows[fold.train].shape)
        return fit_small(sample, fold)

    sample, folds = made_sample(2), made_folds()
    found = select_features(sample, folds, counting, np.random.default_rng(1), RULE)
    assert found.fits == len(calls) == len(folds)
    assert {columns for _, columns in calls} == {len(sample.names) - 3}


def test_a_model_is_fitted_on_training_rows_and_judged_on_test_rows() -> None:
    sample, folds = made_sample(2), made_folds()
    # A column that only numbers the rows says which ones were seen.
    marked = Sample(
        names=("row", "signal"),
        rows=np.column_stack([np.arange(1500.0), sample.rows[:, 0]]),
        labels=sample.labels,
        weights=sample.weights,
    )
    trained, asked = [], []

    def watching(sample, fold):
        trained.append(set(sample.rows[fold.train][:, 0]))
        model = fit_small(sample, fold)
        asked.append(set())

        class Watched:
            column_count = model.column_count

            def predict(self, rows):
                asked[len(trained) - 1].update(rows[:, 0])
                return model.predict(rows)

        return Watched()

    select_features(marked, folds, watching, np.random.default_rng(1), RULE)
    assert trained == [set(fold.train) for fold in folds]
    assert asked == [set(fold.test) for fold in folds]


def test_stability_is_within_its_bounds_and_high_for_a_strong_signal(selection: Selection) -> None:
    assert 0.0 < selection.stability.jaccard <= 1.0
    assert selection.stability.chance_corrected <= 1.0
    assert -1.0 <= selection.stability.rank_agreement <= 1.0
    assert selection.verdict("other_signal").stable_share == 1.0
    shares = [selection.verdict(name).selected_share for name in SIGNALS]
    assert sum(shares) == pytest.approx(1.0)


def test_few_folds_by_themselves_select_noise(selection: Selection) -> None:
    noise = [v.selected_share for v in selection.verdicts if v.name.startswith("noise")]
    assert np.mean(noise) < 0.25


def test_a_model_that_cannot_be_explained_is_judged_all_the_same() -> None:
    def linear(sample, fold):
        return fit_small(sample, fold, ModelSpec("logistic"))

    sample = made_sample(4)
    found = select_features(sample, made_folds(), linear, np.random.default_rng(1), RULE)
    assert found.judged is not None
    assert found.judged.evidence.attributions is None
    assert np.isnan(found.verdict("signal").mean_attribution)
    assert "other_signal" in found.kept


def test_a_cluster_can_keep_several_columns() -> None:
    found = selected(made_sample(1), replace(RULE, per_cluster=2))
    assert len(set(found.kept) & set(SIGNALS)) == 2


def test_where_no_column_can_be_judged_nothing_is_fitted() -> None:
    sample = made_sample(1)
    broken = np.array([sample.names.index(name) for name in ("empty", "constant")])
    found = selected(sample.only(broken))
    assert found.kept == ()
    assert found.fits == 0
    assert found.judged is None
    assert [verdict.reason for verdict in found.verdicts] == ["TOO_FEW_VALUES", "CONSTANT"]


@settings(deadline=None, max_examples=4)
@given(st.permutations(range(9)))
def test_the_order_of_columns_changes_no_answer(order: list[int]) -> None:
    sample = made_sample(1, n=600, noise=2)
    reference, other = selected(sample), selected(sample.only(np.array(order)))
    assert other.kept == tuple(sample.names[i] for i in order if sample.names[i] in reference.kept)
    assert repr(other.stability) == repr(reference.stability)
    for verdict in reference.verdicts:
        # NaN is unlike itself, its text is not.
        assert repr(other.verdict(verdict.name)) == repr(verdict)


def test_one_fold_is_too_few() -> None:
    with pytest.raises(DatasetError, match="at least 2 folds with test rows, saw 1"):
        select_features(made_sample(1), made_folds()[:1], fit_small, np.random.default_rng(1), RULE)


def test_a_fold_that_trains_on_one_class_is_named() -> None:
    sample = made_sample(1)
    ones = replace(sample, labels=np.where(np.arange(1500) < 740, 1, sample.labels).astype(np.int8))
    with pytest.raises(DatasetError, match=r"training rows of fold 0, saw \[1\]"):
        selected(ones)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": ("a", "a")}, "more than once"),
        ({"names": ("a",)}, "saw rows"),
        ({"labels": np.array([0, 1, 2], np.int8)}, "saw 2 in row 2"),
        ({"labels": np.array([0, 1], np.int8)}, "2 labels"),
        ({"weights": np.array([1.0, -1.0, 1.0])}, "saw -1.0 in row 1"),
        ({"weights": np.array([1.0, np.nan, 1.0])}, "saw nan in row 1"),
        ({"weights": np.zeros(3)}, "none above 0"),
    ],
)
def test_a_sample_that_contradicts_itself_is_refused(change: dict, message: str) -> None:
    whole = {
        "names": ("a", "b"),
        "rows": np.zeros((3, 2)),
        "labels": np.array([0, 1, 1], np.int8),
        "weights": np.ones(3),
    }
    with pytest.raises(DatasetError, match=message):
        Sample(**(whole | change))


@pytest.mark.parametrize(
    "numbers",
    [
        {"least_available": 1.1},
        {"substitutes_from": 0.0},
        {"significance": 1.0},
        {"per_cluster": 0},
        {"repeats": 0},
        {"explained_rows": -1},
    ],
)
def test_a_senseless_rule_is_refused(numbers: dict) -> None:
    with pytest.raises(ValueError, match="selection rule"):
        SelectionRule(**numbers)


def test_an_unknown_feature_has_no_verdict(selection: Selection) -> None:
    with pytest.raises(ContractError, match="saw 'unheard_of'"):
        selection.verdict("unheard_of")
