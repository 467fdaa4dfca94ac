import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alphaline.metrics.drawdown import drawdowns, longest_drawdown, max_drawdown

returns = arrays(np.float64, st.integers(1, 60), elements=st.floats(-0.5, 0.5))


@given(returns)
def test_max_drawdown_agrees_with_empyrical(r):
    assert max_drawdown(r) == pytest.approx(-empyrical.max_drawdown(r), abs=1e-12)


@given(returns)
def test_a_drawdown_is_a_fraction(r):
    under = drawdowns(r)
    assert ((under >= 0) & (under <= 1)).all()


def test_the_first_loss_is_a_drawdown_from_the_start():
    assert drawdowns(np.array([-0.1, 0.0])) == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize(
    ("r", "periods"),
    [([0.1, 0.1], 0), ([-0.1, 0.2], 1), ([0.1, -0.1, 0.01, 0.5, -0.1], 2), ([-0.1] * 4, 4)],
)
def test_the_longest_drawdown_counts_periods_under_water(r, periods):
    assert longest_drawdown(np.array(r)) == periods


@pytest.mark.parametrize("measure", [max_drawdown, longest_drawdown])
@pytest.mark.parametrize("r", [[], [0.1, np.nan, 0.1]])
def test_what_is_not_defined_is_nan(measure, r):
    assert np.isnan(measure(np.array(r)))
