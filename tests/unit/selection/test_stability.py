import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import spearmanr

from alphaline.selection.stability import (
    chance_corrected_stability,
    mean_jaccard,
    rank_agreement,
    selected_share,
)

choices = hnp.arrays(
    np.bool_, st.tuples(st.integers(2, 6), st.integers(1, 8)), elements=st.booleans()
)


@given(choices)
def test_every_measure_stays_within_its_bounds(chosen: np.ndarray) -> None:
    assert 0.0 <= mean_jaccard(chosen) <= 1.0
    stability = chance_corrected_stability(chosen)
    assert math.isnan(stability) or -1.0 / (len(chosen) - 1) - 1e-12 <= stability <= 1.0
    assert ((selected_share(chosen) >= 0.0) & (selected_share(chosen) <= 1.0)).all()


@given(choices)
def test_the_order_of_folds_and_features_changes_nothing(chosen: np.ndarray) -> None:
    other = chosen[::-1, ::-1]
    np.testing.assert_allclose(mean_jaccard(chosen), mean_jaccard(other))
    np.testing.assert_allclose(
        chance_corrected_stability(chosen), chance_corrected_stability(other), equal_nan=True
    )


@given(st.integers(2, 5), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_choices_of_one_size_have_the_index_of_kuncheva(folds: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, n))
    chosen = np.zeros((folds, n), dtype=np.bool_)
    for row in chosen:
        row[rng.choice(n, size, replace=False)] = True
    expected = np.mean(
        [
            (np.sum(a & b) - size**2 / n) / (size - size**2 / n)
            for a, b in itertools.combinations(chosen, 2)
        ]
    )
    np.testing.assert_allclose(chance_corrected_stability(chosen), expected, atol=1e-12)


def test_equal_choices_are_stable_and_disjoint_ones_are_not() -> None:
    equal = np.array([[True, False, True]] * 4)
    assert mean_jaccard(equal) == 1.0
    assert chance_corrected_stability(equal) == 1.0
    assert mean_jaccard(np.eye(3, dtype=np.bool_)) == 0.0
    assert chance_corrected_stability(np.eye(3, dtype=np.bool_)) == pytest.approx(-0.5)


@pytest.mark.parametrize("value", [True, False])
def test_all_or_nothing_leaves_nothing_to_chance(value: bool) -> None:
    chosen = np.full((3, 4), value)
    assert math.isnan(chance_corrected_stability(chosen))
    assert mean_jaccard(chosen) == 1.0


def test_one_fold_agrees_with_nobody() -> None:
    one = np.array([[True, False]])
    assert math.isnan(mean_jaccard(one))
    assert math.isnan(chance_corrected_stability(one))
    assert math.isnan(rank_agreement(np.array([[1.0, 2.0]])))


def test_rank_agreement_is_the_mean_of_spearmans_and_passes_over_what_ranks_nothing() -> None:
    importance = np.random.default_rng(2).standard_normal((3, 7))
    pairs = [spearmanr(a, b).statistic for a, b in itertools.combinations(importance, 2)]
    assert rank_agreement(importance) == pytest.approx(np.mean(pairs))
    flat = np.vstack([importance, np.zeros(7)])
    assert rank_agreement(flat) == pytest.approx(np.mean(pairs))
