import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.selection.clusters import correlation_clusters, distance
from alphaline.selection.correlation import rank_correlation

seeds = st.integers(0, 2**32 - 1)


def holed(seed: int, n: int = 80, columns: int = 6) -> np.ndarray:
    """Correlated columns with ties, leading holes (as warm-up leaves) and holes in between."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, columns)) + rng.standard_normal((n, 1))
    rows[:, 0] = np.round(rows[:, 0])
    for column in range(1, columns):
        rows[: rng.integers(0, 40), column] = np.nan
    rows[rng.random(n) < 0.1, columns - 1] = np.nan
    return rows


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_it_is_the_spearman_correlation_of_pandas_on_available_pairs(seed: int) -> None:
    rows = holed(seed)
    expected = pd.DataFrame(rows).corr(method="spearman", min_periods=30).to_numpy()
    np.testing.assert_allclose(rank_correlation(rows), expected, atol=1e-11)


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_an_increasing_transformation_changes_no_bit(seed: int) -> None:
    rows = holed(seed)
    # Doubling and cubing are exact enough to keep the order and the ties of what is drawn here.
    changed = np.column_stack([rows[:, 0] * 2.0, np.cbrt(rows[:, 1]), *(rows[:, 2:] ** 3).T])
    assert rank_correlation(rows).tobytes() == rank_correlation(changed).tobytes()


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_columns_in_another_order_have_the_same_correlations(seed: int) -> None:
    rows = holed(seed)
    order = np.random.default_rng(seed).permutation(rows.shape[1])
    assert np.array_equal(
        rank_correlation(rows)[np.ix_(order, order)],
        rank_correlation(rows[:, order]),
        equal_nan=True,
    )


def test_too_few_pairs_and_a_constant_have_no_correlation() -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((60, 3))
    rows[:40, 0] = np.nan
    rows[:, 1] = 5.0
    correlation = rank_correlation(rows)
    assert np.isnan(correlation[0]).all()
    assert np.isnan(correlation[1]).all()
    assert correlation[2, 2] == 1.0


def test_infinities_are_the_ends_of_the_order() -> None:
    rows = np.arange(40.0)[:, None] * [1.0, 1.0]
    rows[-1, 1], rows[0, 1] = np.inf, -np.inf
    assert rank_correlation(rows)[0, 1] == 1.0


@settings(deadline=None, max_examples=60)
@given(seeds, st.floats(0.1, 0.99))
def test_every_pair_of_a_cluster_is_as_close_as_demanded(seed: int, threshold: float) -> None:
    correlation = rank_correlation(holed(seed))
    clusters = correlation_clusters(correlation, threshold)
    for members in clusters.members:
        assert (np.abs(correlation[np.ix_(members, members)]) >= threshold - 1e-8).all() or (
            len(members) == 1
        )
    assert sorted(np.concatenate(clusters.members)) == list(range(len(correlation)))


def test_a_copy_and_a_reversed_copy_are_in_one_cluster() -> None:
    x, other = np.random.default_rng(3).standard_normal((2, 200))
    clusters = correlation_clusters(rank_correlation(np.column_stack([x, other, -(x**3)])), 0.99)
    assert clusters.of_column.tolist() == [0, 1, 0]


def test_no_chain_of_small_steps_joins_the_ends() -> None:
    chained = np.array([[1.0, 0.8, 0.3], [0.8, 1.0, 0.8], [0.3, 0.8, 1.0]])
    assert len(correlation_clusters(chained, 0.7).members) == 2


def test_what_is_not_known_counts_as_far() -> None:
    unknown = np.array([[1.0, np.nan], [np.nan, 1.0]])
    assert distance(unknown).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert len(correlation_clusters(unknown, 0.1).members) == 2


def test_one_column_is_a_cluster() -> None:
    assert correlation_clusters(np.ones((1, 1)), 0.7).of_column.tolist() == [0]


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.1, np.nan])
def test_a_senseless_threshold_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        correlation_clusters(np.eye(2), threshold)


def test_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        correlation_clusters(np.empty((0, 0)), 0.7)
