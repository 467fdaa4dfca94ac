import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from alphaline.selection.mutual_information import mutual_information


def test_it_is_the_plug_in_estimate_less_the_correction_of_miller() -> None:
    rng = np.random.default_rng(5)
    x = rng.permutation(1000.0 * np.arange(1000))
    y = (x / 1e6 + 0.5 * rng.standard_normal(1000) > 0.5).astype(np.int8)
    decile = (x / 1e5).astype(int)
    expected = mutual_info_score(decile, y) - 9 / 2000
    np.testing.assert_allclose(mutual_information(x[:, None], y), [expected], atol=1e-12)


def test_without_relation_it_scatters_around_zero() -> None:
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 500).astype(np.int8)
    values = mutual_information(rng.standard_normal((500, 400)), y)
    # The plug-in estimate has a mean of about 9 / 1000 here.
    assert abs(values.mean()) < 5 * values.std() / math.sqrt(400)
    assert (values < 0).any()


def test_a_column_that_decides_the_label_tells_its_whole_entropy() -> None:
    x = np.arange(1000.0)
    y = (x >= 500).astype(np.int8)
    assert abs(mutual_information(x[:, None], y)[0] - math.log(2)) < 0.01


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_increasing_transformations_and_row_order_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(rng.standard_normal(300), 1)
    y = rng.integers(0, 2, 300).astype(np.int8)
    shuffle = rng.permutation(300)
    seen = [
        mutual_information(column[:, None], labels)[0]
        for column, labels in ((x, y), (np.exp(x), y), (x[shuffle], y[shuffle]))
    ]
    np.testing.assert_allclose(seen, seen[0], atol=1e-12)


def test_rows_without_a_value_or_a_weight_do_not_count() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal(400), rng.integers(0, 2, 400).astype(np.int8)
    holed = np.where(np.arange(400) < 100, np.nan, x)
    weights = np.where(np.arange(400) < 100, 0.0, 1.0)
    expected = mutual_information(x[100:, None], y[100:])
    assert mutual_information(holed[:, None], y) == expected
    assert mutual_information(x[:, None], y, weights) == expected


def test_too_few_values_tell_nothing() -> None:
    x = np.where(np.arange(100) < 39, 1.0, np.nan)
    assert np.isnan(mutual_information(x[:, None], np.zeros(100, np.int8))[0])
