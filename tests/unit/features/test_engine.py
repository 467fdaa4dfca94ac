"""The engine as a whole: one compiled step for a bar, a micro-batch and a history."""

import os
import subprocess
import sys
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.features import Engine, FeatureSet, feature_set, session_digest
from alphaline.messages import MINUTE_NS, digest
from tests.unit.features.made_market import (
    Run,
    calendar,
    minutes_of,
    observed,
    single,
    thinned,
    walk,
)

SET = feature_set("intraday_v1")


def run(days: int = 7, seed: int = 1, share: float = 0.05, end: int = 780) -> Run:
    sessions = calendar(days, end=end)
    ts = thinned(minutes_of(sessions), share, seed)
    return Run(SET, sessions, ts, walk(len(ts), seed))


def test_the_set_has_the_columns_that_others_rest_on() -> None:
    assert len(SET.columns) >= 30
    assert {"ewma_vol_60", "vix", "term_spread"} <= set(SET.column_names)
    assert SET.observations == ("VIX", "UST_10Y", "UST_3M")
    assert SET.epoch == date(2011, 1, 3)
    assert SET.columns[SET.index("ewma_vol_60")].warm_up >= 20


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.0, 0.05, 0.5]),
    instruments=st.integers(2, 7),
)
def test_micro_batches_across_instruments_equal_folds(
    seed: int, share: float, instruments: int
) -> None:
    sessions = calendar(3)
    folds = []
    for i in range(instruments):
        ts = thinned(minutes_of(sessions), share, seed + i)
        folds.append(Run(SET, sessions, ts, walk(len(ts), seed + i)))
    engine = Engine(SET, sessions)
    state = engine.new_state(instruments)
    rows = np.concatenate([np.full(len(f.ts), i, dtype=np.int32) for i, f in enumerate(folds)])
    ts = np.concatenate([f.ts for f in folds])
    bars = np.concatenate([f.bars for f in folds])
    known = np.concatenate([f.observations for f in folds])
    order = np.lexsort((rows, ts))
    values = np.empty((len(ts), len(SET.columns)), dtype=np.float32)
    status = np.empty(values.shape, dtype=np.uint8)
    for part in np.array_split(order, np.flatnonzero(np.diff(ts[order])) + 1):
        values[part], status[part] = engine.update(
            state, rows[part], bars[part], ts[part], known[part]
        )
    for i, fold in enumerate(folds):
        expected = fold.fold()
        assert values[rows == i].tobytes() == expected[0].tobytes()
        assert status[rows == i].tobytes() == expected[1].tobytes()
        assert state[i].tobytes() == fold.state[0].tobytes()


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 1500), max_size=5), seed=st.integers(0, 100))
def test_state_through_bytes_at_any_cut_changes_nothing(cuts: list[int], seed: int) -> None:
    whole, broken = run(seed=seed), run(seed=seed)
    expected = whole.fold()
    edges = [0, *sorted(cuts), len(whole.ts)]
    found = []
    for first, last in pairwise(edges):
        broken.engine = Engine(SET, calendar(7))
        broken.state = np.frombuffer(broken.state.tobytes()).reshape(1, -1).copy()
        found.append(broken.take(first, last))
    assert np.concatenate([v for v, _ in found]).tobytes() == expected[0].tobytes()
    assert np.concatenate([s for _, s in found]).tobytes() == expected[1].tobytes()
    assert broken.state.tobytes() == whole.state.tobytes()


def test_state_with_null_inside_survives_bytes() -> None:
    made = run(days=1)
    made.bars[:, 4] = 0.0
    values, _ = made.take(0, 60)
    assert np.isnan(made.state).any()
    assert np.isnan(values[-1, SET.index("vwap_distance")])
    again = np.frombuffer(made.state.tobytes()).reshape(made.state.shape)
    assert again.tobytes() == made.state.tobytes()


def test_a_longer_calendar_goes_on_from_the_same_state() -> None:
    expected, extended = run(days=9), run(days=9)
    half = int(np.searchsorted(expected.ts, calendar(5).end[-1]))
    extended.engine = Engine(SET, calendar(5))
    extended.take(0, half)
    extended.engine = Engine(SET, calendar(9))
    values, _ = extended.take(half, len(expected.ts))
    assert values.tobytes() == expected.fold()[0][half:].tobytes()


def test_bars_between_sessions_and_before_the_epoch_change_nothing() -> None:
    made = run(days=3)
    made.take(0, 300)
    before = made.state.tobytes()
    known = observed(SET, 2)
    for ts in (int(made.engine.sessions.end[-1]), int(made.engine.sessions.end[-1]) + MINUTE_NS):
        values, status = made.engine.update(
            made.state, np.zeros(1, np.int32), made.bars[:1], np.array([ts]), known[:1]
        )
        assert np.isnan(values).all()
        assert (status == 1).all()
    assert made.state.tobytes() == before
    late = FeatureSet("late_v1", SET.columns, date(2011, 1, 4))
    other = Run(late, calendar(3), made.ts, made.bars)
    values, status = other.fold()
    first = int(np.searchsorted(made.ts, calendar(3).start[1]))
    assert (status[:first] == 1).all()
    assert (status[first:] != 1).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("repeat", "after this row's last bar at 2011-01-03T10:01"),
        ("backwards", "after this row's last bar"),
        ("repeat inside", "bar 5 of 6.*after this row's last bar at 2011-01-03T10:0"),
        ("row", "a row below 1, saw 7"),
        ("off the minute", "a whole minute"),
        ("nan", "finite positive prices"),
        ("zero price", "finite positive prices"),
        ("infinite", "finite positive prices"),
        ("negative volume", "volume >= 0"),
    ],
)
def test_a_bad_bar_is_refused_before_anything_changes(change: str, message: str) -> None:
    made = run(days=1, share=0.0)
    made.take(0, 62)
    before = made.state.tobytes()
    rows, bars, ts = np.zeros(6, np.int32), made.bars[62:68].copy(), made.ts[62:68].copy()
    if change == "repeat":
        ts[0] = made.ts[61]
    if change == "backwards":
        ts[2] = made.ts[3]
    if change == "repeat inside":
        ts[5] = ts[4]
    if change == "row":
        rows[5] = 7
    if change == "off the minute":
        ts[5] += 1
    if change == "nan":
        bars[5, 3] = np.nan
    if change == "zero price":
        bars[5, 2] = 0.0
    if change == "infinite":
        bars[5, 1] = np.inf
    if change == "negative volume":
        bars[5, 4] = -1.0
    with pytest.raises(ValueError, match=message):
        made.engine.update(made.state, rows, bars, ts, observed(SET, 6))
    assert made.state.tobytes() == before


def test_arrays_that_only_lie_otherwise_are_converted() -> None:
    plain, other = run(days=1), run(days=1)
    expected = plain.take(0, 50)
    rows = np.zeros(50, dtype=np.int64)
    bars = np.asfortranarray(other.bars[:50])
    frozen = other.ts[:50].copy()
    frozen.setflags(write=False)
    found = other.engine.update(other.state, rows, bars, frozen, other.observations[:50])
    assert found[0].tobytes() == expected[0].tobytes()


@pytest.mark.parametrize("wrong", ["state", "bars", "observations", "rows", "overflow"])
def test_arrays_that_cannot_be_meant_are_refused(wrong: str) -> None:
    made = run(days=1)
    rows = np.zeros(4, np.int64)
    state, bars, ts, known = made.state, made.bars[:4], made.ts[:4], made.observations[:4]
    if wrong == "state":
        state = state.astype(np.float32)  # type: ignore[assignment]
    if wrong == "bars":
        bars = bars[:, :4]
    if wrong == "observations":
        known = known[:, :3]
    if wrong == "rows":
        rows = rows.astype(float)  # type: ignore[assignment]
    if wrong == "overflow":
        rows[0] = 2**33
    with pytest.raises(ValueError, match="expected"):
        made.engine.update(state, rows, bars, ts, known)  # type: ignore[arg-type]


def test_no_bars_give_no_vectors() -> None:
    values, status = run(days=1).take(0, 0)
    assert values.shape == status.shape == (0, len(SET.columns))


def test_a_calendar_that_begins_after_the_epoch_is_refused() -> None:
    late = FeatureSet("early_v1", SET.columns, date(2010, 12, 31))
    with pytest.raises(DatasetError, match="from its epoch 2010-12-31"):
        Engine(late, calendar(3))


def test_session_digest_is_one_for_one_history() -> None:
    one, two = run(), run()
    one.fold()
    for i in range(len(two.ts)):
        two.take(i, i + 1)
    assert session_digest(one.state[0]) == session_digest(two.state[0])
    assert session_digest(one.state[0]) != session_digest(one.engine.new_state(1)[0])


def test_set_digest_covers_columns_and_epoch() -> None:
    digests = {
        SET.digest,
        FeatureSet("intraday_v1", SET.columns[:-1], SET.epoch).digest,
        FeatureSet("intraday_v1", SET.columns[::-1], SET.epoch).digest,
        FeatureSet("intraday_v1", SET.columns, date(2011, 1, 4)).digest,
        single(SET.columns[0]).digest,
    }
    assert len(digests) == 5
    assert FeatureSet("intraday_v1", SET.columns, SET.epoch).digest == SET.digest


PROGRAM = """
from tests.unit.features.test_engine import run
from alphaline.features import Engine
from alphaline.messages import digest
made = run(days=3, end=770)
values, status = made.fold()
print(Engine.operator_version, digest(values.tobytes() + status.tobytes() + made.state.tobytes()))
"""


def test_interpreted_operators_give_the_same_bytes() -> None:
    made = run(days=3, end=770)
    values, status = made.fold()
    expected = digest(values.tobytes() + status.tobytes() + made.state.tobytes())
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, text=True
    )
    assert answer.stdout.split() == [Engine.operator_version, expected]
