import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.sample_weights import average_uniqueness

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
def test_weights_agree_with_the_definition_bar_by_bar(spans):
    alive = [sum(start <= bar < end for start, end in spans) for bar in BARS]
    expected = [np.mean([1 / alive[bar] for bar in range(start, end)]) for start, end in spans]
    assert weights(*spans) == pytest.approx(expected)
