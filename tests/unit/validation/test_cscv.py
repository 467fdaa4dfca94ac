import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from alphaline.metrics.financial import sharpe_ratio
from alphaline.validation.cscv import cross_validate


def by_definition(returns, blocks):
    edges = np.linspace(0, len(returns), blocks + 1).astype(int)
    rows = [np.arange(a, b) for a, b in itertools.pairwise(edges)]
    losses, ranks = [], []
    for chosen in itertools.combinations(range(blocks), blocks // 2):
        inside = np.concatenate([rows[k] for k in chosen])
        outside = np.setdiff1d(np.arange(len(returns)), inside)
        best = np.argmax([sharpe_ratio(trial[inside]) for trial in returns.T])
        ratios = [sharpe_ratio(trial[outside]) for trial in returns.T]
        losses.append(ratios[best] <= 0)
        ranks.append(rankdata(ratios)[best] / (len(ratios) + 1))
    return np.mean(losses), np.mean(np.array(ranks) <= 0.5)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(12, 50), st.sampled_from([2, 4, 6])
)
def test_matrix_products_agree_with_the_definition(seed, trials, periods, blocks):
    returns = np.random.default_rng(seed).normal(0.0005, 0.01, (periods, trials))
    seen = cross_validate(returns, blocks)
    assert (seen.probability_of_loss, seen.probability_of_overfitting) == pytest.approx(
        by_definition(returns, blocks)
    )


def test_ten_blocks_have_252_splits():
    assert cross_validate(np.random.default_rng(0).normal(size=(20, 2))).splits == 252


def test_a_true_edge_among_noise_is_found_again():
    returns = np.random.default_rng(4).normal(0, 0.01, (2520, 50))
    returns[:, 17] += 0.002
    seen = cross_validate(returns)
    assert seen.probability_of_loss == 0.0
    assert seen.probability_of_overfitting == 0.0


def test_what_is_good_in_one_half_only_loses_in_the_other():
    half = np.where(np.arange(100) < 50, 1.0, -1.0) + np.tile([0.1, -0.1], 50)
    seen = cross_validate(np.column_stack([half, -half]), 2)
    assert seen.probability_of_loss == 1.0
    assert seen.probability_of_overfitting == 1.0


def test_a_single_trial_has_no_rank():
    seen = cross_validate(np.random.default_rng(4).normal(0.01, 0.01, (100, 1)))
    assert math.isnan(seen.probability_of_overfitting)
    assert seen.probability_of_loss == 0.0


@pytest.mark.parametrize("value", [0.0, 0.01])
def test_a_trial_without_variance_earns_no_sharpe_ratio(value):
    assert cross_validate(np.full((100, 2), value)).probability_of_loss == 1.0


@pytest.mark.parametrize(
    ("shape", "blocks", "message"),
    [
        ((9, 2), 10, "saw shape"),
        ((20, 0), 10, "saw shape"),
        ((20, 2), 5, "even"),
        ((20, 2), 0, "even"),
    ],
)
def test_a_matrix_that_cannot_be_split_is_refused(shape, blocks, message):
    with pytest.raises(ValueError, match=message):
        cross_validate(np.zeros(shape), blocks)


def test_a_missing_return_is_refused():
    returns = np.zeros((20, 2))
    returns[3, 1] = math.nan
    with pytest.raises(ValueError, match="finite"):
        cross_validate(returns)
