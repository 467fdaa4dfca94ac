import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alphaline.metrics.drawdown import (
    average_drawdown,
    drawdown_table,
    drawdowns,
    longest_drawdown,
    max_drawdown,
)

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


@pytest.mark.parametrize("measure", [max_drawdown, longest_drawdown, average_drawdown])
@pytest.mark.parametrize("r", [[], [0.1, np.nan, 0.1]])
def test_what_is_not_defined_is_nan(measure, r):
    assert np.isnan(measure(np.array(r)))


@given(returns)
def test_the_table_holds_every_period_under_water_once(r):
    table, under = drawdown_table(r), drawdowns(r)
    covered = [t for a, b in zip(table.start, table.end, strict=True) for t in range(a, b + 1)]
    assert sorted(covered) == np.flatnonzero(under > 0).tolist()
    assert table.depth.tolist() == sorted(table.depth, reverse=True)
    assert table.length.tolist() == (table.end - table.start + 1).tolist()
    for k, (a, b) in enumerate(zip(table.start, table.end, strict=True)):
        assert table.depth[k] == under[a : b + 1].max()
        assert table.trough[k] == a + under[a : b + 1].tolist().index(table.depth[k])
        assert table.is_recovered[k] == (b + 1 < len(r))
        assert a == 0 or under[a - 1] == 0


@given(returns)
def test_the_table_agrees_with_the_deepest_and_the_longest(r):
    table = drawdown_table(r)
    assert max(table.depth, default=0.0) == max_drawdown(r)
    assert max(table.length, default=0) == longest_drawdown(r)


def test_a_drawdown_that_has_not_ended_is_told_from_one_that_has():
    table = drawdown_table(np.array([0.1, -0.2, 0.5, -0.1, -0.1, 0.01]))
    assert table.depth == pytest.approx([0.2, 0.19])
    assert table.start.tolist() == [1, 3]
    assert table.trough.tolist() == [1, 4]
    assert table.end.tolist() == [1, 5]
    assert table.is_recovered.tolist() == [True, False]


@pytest.mark.parametrize("r", [[], [0.0, 0.1], [0.0]])
def test_a_series_that_never_fell_has_an_empty_table(r):
    assert drawdown_table(np.array(r)).depth.size == 0


def test_a_table_over_a_gap_is_refused_with_its_period():
    with pytest.raises(ValueError, match="saw nan in period 1"):
        drawdown_table(np.array([0.1, np.nan]))
