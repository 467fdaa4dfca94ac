import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from alphaline.validation.proportions import lower_bound, upper_bound

COUNTS = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
CONFIDENCE = st.sampled_from([0.9, 0.95, 0.99])


@given(COUNTS, CONFIDENCE)
def test_the_bounds_are_the_quantiles_of_the_beta_distribution(counts, confidence):
    k, n = counts
    upper = 1.0 if k == n else beta.ppf(confidence, k + 1, n - k)
    lower = 0.0 if k == 0 else beta.ppf(1 - confidence, k, n - k + 1)
    assert upper_bound(k, n, confidence) == pytest.approx(upper, abs=1e-9)
    assert lower_bound(k, n, confidence) == pytest.approx(lower, abs=1e-9)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_the_true_share_lies_above_its_upper_bound_as_seldom_as_promised(share):
    missed = sum(binom.pmf(k, 200, share) for k in range(201) if upper_bound(k, 200) < share)
    assert missed <= 0.05


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3), (0, 0)])
def test_counts_that_cannot_be_are_refused(successes, trials):
    with pytest.raises(ValueError, match="expected 0 to n successes"):
        upper_bound(successes, trials)
    with pytest.raises(ValueError, match="expected 0 to n successes"):
        lower_bound(successes, trials)
