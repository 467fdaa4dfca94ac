import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV

from alphaline.errors import DatasetError
from alphaline.validation.combinatorial import (
    CombinatorialPurged,
    combinatorial_splits,
    decision_paths,
    session_paths,
)
from tests.unit.validation.reference_splits import reference_combinatorial

DAY = 86_400_000_000_000


def days_of(count):
    return np.arange(count, dtype=np.int64) * DAY


def one_a_day(scheme, days):
    labels = days_of(days)
    return combinatorial_splits(
        scheme,
        sessions=labels,
        decision_session=labels,
        t_entry=labels + 1,
        t_touch=labels + DAY // 2,
    )


schemes = st.tuples(st.integers(3, 5), st.integers(1, 4), st.integers(0, 3), st.integers(0, 3 * DAY))  # fmt: skip
schemes = schemes.filter(lambda n: n[1] < n[0])


@st.composite
def made(draw):
    """Return the numbers of a scheme, days, and decisions with lives of up to three days."""
    groups, test_groups, embargo, purge_ns = draw(schemes)
    days = draw(st.integers(2 * groups, 6 * groups))
    life = st.tuples(st.integers(0, days - 1), st.integers(0, DAY - 1), st.integers(1, 3 * DAY))
    lives = draw(st.lists(life, max_size=30))
    numbers = {"groups": groups, "test_groups": test_groups, "embargo": embargo, "purge_ns": purge_ns}  # fmt: skip
    ordinal = [day for day, _, _ in lives]
    entry = [day * DAY + within for day, within, _ in lives]
    return numbers, days, ordinal, entry, [e + one[2] for e, one in zip(entry, lives, strict=True)]


def train_days(split):
    return (split.train_sessions // DAY).tolist()


def splits_of(numbers, days, ordinal, entry, touch):
    return combinatorial_splits(
        CombinatorialPurged(**numbers),
        sessions=days_of(days),
        decision_session=np.array(ordinal, dtype=np.int64) * DAY,
        t_entry=np.array(entry, dtype=np.int64),
        t_touch=np.array(touch, dtype=np.int64),
    )


@settings(deadline=None)
@given(made())
def test_splits_equal_a_reference_that_compares_every_pair_of_labels(case):
    found = splits_of(*case)
    expected = reference_combinatorial(*case)
    assert len(found) == len(expected) == CombinatorialPurged(**case[0]).splits
    for split, (train, parts) in zip(found, expected, strict=True):
        assert split.train.tolist() == train
        assert set(train_days(split)) >= {case[2][i] for i in train}
        tested = np.concatenate(split.test_sessions) // DAY
        far = [d for d in range(case[1]) if np.abs(tested - d).min() > case[0]["embargo"]]
        assert train_days(split) == far
        tests = [test.tolist() for test in split.tests]
        assert list(zip(split.groups, tests, split.paths, strict=True)) == parts


@settings(deadline=None)
@given(made())
def test_no_training_label_lives_beside_a_tested_one_and_none_lies_in_the_embargo(case):
    numbers, _, ordinal, entry, touch = case
    for split in splits_of(*case):
        for i in split.train:
            until = max(touch[i], entry[i] + numbers["purge_ns"])
            assert all(until < entry[j] or entry[i] > touch[j] for j in split.test)
            near = np.abs(np.concatenate(split.test_sessions) // DAY - ordinal[i])
            assert near.min() > numbers["embargo"]


@settings(deadline=None)
@given(made())
def test_each_path_holds_every_decision_and_session_once_from_a_split_that_tested_it(case):
    numbers, days, _, entry, _ = case
    splits = splits_of(*case)
    sessions = days_of(days)
    paths = CombinatorialPurged(**numbers).paths
    of_split = decision_paths(
        splits, [np.full(len(s.test), float(k)) for k, s in enumerate(splits)], len(entry)
    )
    assert of_split.shape == (paths, len(entry))
    for path in of_split:
        for decision, k in enumerate(path):
            assert decision in splits[int(k)].test
            assert decision not in splits[int(k)].train
    own = decision_paths(splits, [s.test.astype(np.float64) for s in splits], len(entry))
    np.testing.assert_array_equal(own, np.tile(np.arange(len(entry)), (paths, 1)))
    tested = [np.concatenate(s.test_sessions).astype(np.float64) for s in splits]
    stitched = session_paths(splits, tested, sessions)
    np.testing.assert_array_equal(stitched, np.tile(sessions, (paths, 1)))


@pytest.mark.parametrize(("groups", "test_groups"), [(3, 2), (6, 2), (6, 3), (5, 4)])
@pytest.mark.parametrize("embargo", [0, 1, 3])
def test_where_lives_end_in_their_session_the_splits_are_those_of_skfolio(
    groups, test_groups, embargo
):
    days = 7 * groups + 2
    scheme = CombinatorialPurged(groups=groups, test_groups=test_groups, embargo=embargo)
    # Its purge takes from both sides of a test set, as our embargo does.
    other = CombinatorialPurgedCV(groups, test_groups, purged_size=embargo)
    found = one_a_day(scheme, days)
    for split, (train, tests) in zip(found, other.split(np.zeros((days, 1))), strict=True):
        assert split.train.tolist() == train.tolist()
        assert [t.tolist() for t in split.tests] == [t.tolist() for t in tests]
    assert (scheme.splits, scheme.paths) == (other.n_splits, other.n_test_paths)
    assert [split.paths for split in found] == [tuple(ids) for ids in other.get_path_ids().tolist()]


def test_six_groups_of_two_give_fifteen_splits_and_five_paths():
    scheme = CombinatorialPurged(groups=6, test_groups=2)
    assert (scheme.splits, scheme.paths) == (math.comb(6, 2), 5)


def test_nan_predictions_stay_nan():
    splits = one_a_day(CombinatorialPurged(groups=3, test_groups=2), 9)
    values = [np.full(len(split.test), np.nan) for split in splits]
    assert np.isnan(decision_paths(splits, values, 9)).all()


@pytest.mark.parametrize(
    "numbers",
    [
        {"groups": 3, "test_groups": 3},
        {"groups": 3, "test_groups": 0},
        {"groups": 1, "test_groups": 1},
        {"groups": 3, "test_groups": 2, "embargo": -1},
        {"groups": 3, "test_groups": 2, "purge_ns": -1},
    ],
)
def test_a_senseless_scheme_is_refused(numbers):
    with pytest.raises(ValueError, match="combinatorial splits"):
        CombinatorialPurged(**numbers)


def test_too_few_sessions_and_values_that_do_not_match_are_refused():
    scheme = CombinatorialPurged(groups=4, test_groups=2)
    with pytest.raises(DatasetError, match="each of 4 groups, saw 7 sessions"):
        one_a_day(scheme, 7)
    splits = one_a_day(scheme, 8)
    with pytest.raises(DatasetError, match="one for each test"):
        decision_paths(splits, [np.ones(3)] * len(splits), 8)
    with pytest.raises(DatasetError, match="one for each test"):
        session_paths(splits, [np.ones(4)] * (len(splits) - 1), days_of(8))
