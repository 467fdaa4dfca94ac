import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.sample_weights import average_uniqueness, return_attribution, time_decay
from tests.unit.labels.reference_weights import (
    reference_attribution,
    reference_decay,
    reference_uniqueness,
)

BARS = np.arange(40, dtype=np.int64)


def weights(*lives):
    start, end = np.array(lives, dtype=np.int64).T
    return average_uniqueness(start, end, BARS)


def test_a_label_alone_has_full_weight():
    assert weights((0, 5), (5, 9)).tolist() == [1.0, 1.0]


def test_labels_of_one_life_share_it():
    assert weights((2, 6), (2, 6), (2, 6)) == pytest.approx([1 / 3] * 3)


def test_an_overlap_counts_for_its_part_of_the_life():
    assert weights((0, 4), (2, 4)) == pytest.approx([0.75, 0.5])


def test_a_label_without_a_life_is_refused():
    with pytest.raises(DatasetError, match="label 1"):
        weights((0, 4), (3, 3))


lives = st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda x: (x[0], x[0] + x[1]))


@given(st.lists(lives, min_size=1, max_size=25))
def test_uniqueness_agrees_with_the_definition_bar_by_bar(spans):
    assert weights(*spans) == pytest.approx(reference_uniqueness(spans, BARS.tolist()))


prices = st.lists(
    st.one_of(st.just(100.0), st.floats(1e-3, 1e6)), min_size=len(BARS), max_size=len(BARS)
)


def attributed(spans, opens, closes):
    start, end = np.array(spans, dtype=np.int64).T
    return return_attribution(start, end, BARS, np.array(opens), np.array(closes))


@given(st.lists(lives, min_size=1, max_size=25), prices, prices)
def test_attribution_agrees_with_a_loop_over_labels_and_bars(spans, opens, closes):
    found = attributed(spans, opens, closes)
    assert found == pytest.approx(
        reference_attribution(spans, BARS.tolist(), opens, closes), rel=1e-6, abs=1e-9
    )
    assert found.mean() == pytest.approx(1.0)


def test_labels_of_a_market_that_stands_still_weigh_the_same():
    still = [100.0] * len(BARS)
    assert attributed([(0, 4), (2, 9)], still, still).tolist() == [1.0, 1.0]


def test_returns_that_cancel_leave_no_rest_that_passes_for_a_weight():
    closes = [100.0] * 21 + [70.3, 100.0] + [100.0] * 17
    assert attributed([(0, 1), (20, 23)], [100.0] * len(BARS), closes).tolist() == [1.0, 1.0]


def test_a_label_that_saw_nothing_weighs_nothing_beside_one_that_did():
    closes = [100.0] * 5 + [110.0] * (len(BARS) - 5)
    opens = [100.0, *closes[:-1]]
    assert attributed([(0, 4), (5, 9)], opens, closes).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_price_that_is_none_is_refused_with_its_row(bad):
    closes = [100.0] * len(BARS)
    closes[7] = bad
    with pytest.raises(DatasetError, match=r"close.*row 7"):
        attributed([(0, 4)], [100.0] * len(BARS), closes)
    with pytest.raises(DatasetError, match="an open and a close"):
        attributed([(0, 4)], [100.0], closes)


@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=30),
    st.floats(-0.99, 1.0),
)
def test_decay_is_the_line_through_its_two_points(uniqueness, oldest):
    found = time_decay(np.array(uniqueness), oldest)
    assert found == pytest.approx(reference_decay(uniqueness, oldest), abs=1e-9)
    assert found[-1] == pytest.approx(1.0)
    assert (np.diff(found) >= 0).all()


def test_no_decay_and_no_label():
    assert time_decay(np.array([0.2, 0.9]), 1.0).tolist() == [1.0, 1.0]
    assert time_decay(np.array([]), 0.5).tolist() == []


@pytest.mark.parametrize("oldest", [-1.0, 1.01, np.nan])
def test_a_decay_outside_its_range_is_refused(oldest):
    with pytest.raises(ValueError, match="oldest in"):
        time_decay(np.ones(2), oldest)
