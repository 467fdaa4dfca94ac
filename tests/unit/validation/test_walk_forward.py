import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.validation.walk_forward import WalkForward, walk_forward
from tests.unit.validation.reference_splits import overlap, reference_walk_forward

DAY = 86_400_000_000_000


def folds(scheme, sessions, per_session=3, life=DAY // 10):
    days = np.arange(sessions, dtype=np.int64) * DAY
    session = np.repeat(days, per_session)
    entry = session + np.tile(np.arange(per_session), sessions) * life
    return walk_forward(
        scheme, sessions=days, decision_session=session, t_entry=entry, t_touch=entry + life
    )


def test_twenty_sessions_give_six_expanding_folds():
    scheme = WalkForward(window="expanding", first=8, test=2, step=2)
    split = folds(scheme, 20)
    assert [(f.test_sessions // DAY).tolist() for f in split] == [
        [8, 9], [10, 11], [12, 13], [14, 15], [16, 17], [18, 19],
    ]  # fmt: skip
    assert [len(f.train_sessions) for f in split] == [7, 9, 11, 13, 15, 17]


def test_a_rolling_window_keeps_its_length():
    scheme = WalkForward(window="rolling", first=8, test=2, step=2)
    split = folds(scheme, 20)
    assert {len(f.train_sessions) for f in split} == {7}
    assert split[-1].train_sessions[0] == 10 * DAY


def test_without_embargo_the_horizon_purges_the_end_of_training():
    life = DAY // 10
    near = WalkForward(window="expanding", first=4, test=1, step=1, embargo=0)
    far = WalkForward(window="expanding", first=4, test=1, step=1, embargo=0, purge_ns=9 * life)
    assert len(folds(near, 5)[0].train) == 12
    assert len(folds(far, 5)[0].train) == 10


def test_a_test_span_without_decisions_is_a_fold_all_the_same():
    days = np.arange(5, dtype=np.int64) * DAY
    scheme = WalkForward(window="expanding", first=4, test=1, step=1)
    (fold,) = walk_forward(
        scheme,
        sessions=days,
        decision_session=days[:4],
        t_entry=days[:4],
        t_touch=days[:4] + 1,
    )
    assert len(fold.test) == 0
    assert fold.test_sessions.tolist() == [4 * DAY]


@pytest.mark.parametrize(
    "numbers",
    [
        {"first": 1, "test": 1, "step": 1, "embargo": 1},
        {"first": 4, "test": 2, "step": 1},
        {"first": 4, "test": 0, "step": 1},
        {"first": 4, "test": 1, "step": 1, "embargo": -1},
        {"first": 4, "test": 1, "step": 1, "purge_ns": -1},
    ],
)
def test_a_senseless_scheme_is_refused(numbers):
    with pytest.raises(ValueError, match="walk-forward"):
        WalkForward(window="expanding", **numbers)


def test_too_few_sessions_are_refused():
    with pytest.raises(DatasetError, match="at least 10 sessions, saw 9"):
        folds(WalkForward(window="expanding", first=8, test=2, step=2), 9)


def test_a_decision_in_an_unknown_session_is_refused():
    one = np.array([7], dtype=np.int64)
    scheme = WalkForward(window="expanding", first=2, test=1, step=1)
    with pytest.raises(DatasetError, match="known sessions"):
        walk_forward(
            scheme,
            sessions=np.arange(5, dtype=np.int64),
            decision_session=one,
            t_entry=one,
            t_touch=one + 1,
        )


schemes = st.builds(
    lambda window, first, test, more, embargo, purge: WalkForward(
        window=window,
        first=first + embargo,
        test=test,
        step=test + more,
        embargo=embargo,
        purge_ns=purge,
    ),
    st.sampled_from(["expanding", "rolling"]),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 2 * DAY),
)


@settings(deadline=None)
@given(schemes, st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_no_training_label_is_alive_in_the_test_span(scheme, more, seed):
    rng = np.random.default_rng(seed)
    n = scheme.first + scheme.test + more
    days = np.arange(n, dtype=np.int64) * DAY
    session = rng.permutation(rng.choice(days, 5 * n))
    entry = session + rng.integers(0, DAY, len(session))
    touch = entry + rng.integers(1, 3 * DAY, len(session))
    split = walk_forward(
        scheme, sessions=days, decision_session=session, t_entry=entry, t_touch=touch
    )
    for fold in split:
        first_test = np.searchsorted(days, fold.test_sessions[0])
        kept = first_test - scheme.embargo
        assert (session[fold.train] < days[kept] if kept < n else True).all()
        assert fold.train_sessions[-1] == days[kept - 1]
        assert np.isin(session[fold.test], fold.test_sessions).all()
        if len(fold.test) and len(fold.train):
            begins, ends = entry[fold.test].min(), touch[fold.test].max()
            until = np.maximum(touch, entry + scheme.purge_ns)[fold.train]
            assert ((until < begins) | (entry[fold.train] > ends)).all()
    tested = np.concatenate([fold.test_sessions for fold in split])
    assert (np.diff(tested) > 0).all()


@settings(deadline=None)
@given(schemes, st.integers(0, 8), st.data())
def test_folds_equal_a_reference_that_compares_every_pair_of_labels(scheme, more, data):
    days = scheme.first + scheme.test + more
    life = st.tuples(st.integers(0, days - 1), st.integers(0, DAY - 1), st.integers(1, 3 * DAY))
    lives = data.draw(st.lists(life, max_size=30))
    ordinal = [day for day, _, _ in lives]
    entry = [day * DAY + within for day, within, _ in lives]
    touch = [e + one[2] for e, one in zip(entry, lives, strict=True)]
    found = walk_forward(
        scheme,
        sessions=np.arange(days, dtype=np.int64) * DAY,
        decision_session=np.array(ordinal, dtype=np.int64) * DAY,
        t_entry=np.array(entry, dtype=np.int64),
        t_touch=np.array(touch, dtype=np.int64),
    )
    names = ("window", "first", "test", "step", "embargo", "purge_ns")
    numbers = {name: getattr(scheme, name) for name in names}
    expected = reference_walk_forward(numbers, days, ordinal, entry, touch)
    assert [(fold.train.tolist(), fold.test.tolist()) for fold in found] == expected
    for fold in found:
        for i in fold.train:
            assert not any(overlap((entry[i], touch[i]), (entry[j], touch[j])) for j in fold.test)
