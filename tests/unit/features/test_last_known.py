"""Observations, point in time: VIX half an hour after the close, Treasury at eight the next day."""

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.features import Column, Engine, FeatureSet, LastKnown
from alphaline.messages import MINUTE_NS, Observation
from tests.unit.features.made_market import EPOCH, calendar, walk

SESSIONS = calendar(days=12)
SERIES = ("VIX", "UST_3M")


def vix(day: int, value: float, known: int | None = None) -> Observation:
    at = int(SESSIONS.close[day]) + 30 * MINUTE_NS if known is None else known
    return Observation(
        series="VIX",
        ts_event=int(SESSIONS.session[day]),
        ts_known=at,
        value=value,
        unit="index points",
        dataset="vix_daily",
    )


def made(*observations: Observation) -> LastKnown:
    known = LastKnown(SERIES, SESSIONS)
    for observation in observations:
        known.observe(observation)
    return known


@pytest.mark.parametrize(
    ("minutes_after_close", "expected"),
    [(-1, [17.0, 0.0]), (5, [17.0, 1.0]), (29, [17.0, 1.0]), (30, [18.0, 0.0]), (31, [18.0, 0.0])],
)
def test_vix_counts_from_half_an_hour_after_the_close(
    minutes_after_close: int, expected: list[float]
) -> None:
    known = made(vix(2, 17.0), vix(3, 18.0))
    row = known.row(int(SESSIONS.close[3]) + minutes_after_close * MINUTE_NS)
    assert row[:2].tolist() == expected
    assert np.isnan(row[2:]).all()


def test_age_grows_by_one_with_each_close() -> None:
    known = made(vix(0, 17.0))
    ages = [known.row(int(SESSIONS.open[day]))[1] for day in range(1, 9)]
    assert ages == list(range(8))


def test_an_older_event_or_publication_never_replaces_a_newer_one() -> None:
    late = int(SESSIONS.open[6])
    known = made(vix(3, 18.0), vix(2, 1.0, known=late), vix(3, 19.0, known=late - MINUTE_NS))
    assert known.row(late - 2 * MINUTE_NS)[0] == 18.0
    assert known.row(late - MINUTE_NS)[0] == 19.0
    assert known.row(late)[0] == 19.0


def test_an_observation_of_another_series_is_ignored() -> None:
    other = Observation(
        series="SKEW", ts_event=0, ts_known=0, value=1.0, unit="index points", dataset="x"
    )
    assert np.isnan(made(other).row(1)).all()


def test_line_time_that_goes_back_is_refused() -> None:
    known = made()
    known.row(100)
    with pytest.raises(ValueError, match="line time >= 100 ns, saw 99"):
        known.row(99)


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 17_000), st.integers(1, 9)), max_size=12
    ),
    order=st.randoms(use_true_random=False),
    times=st.lists(st.integers(0, 18_000), min_size=1, max_size=8),
)
def test_rows_are_a_function_of_what_is_known_alone(
    events: list[tuple[int, int, int]], order: "random.Random", times: list[int]
) -> None:
    base = int(SESSIONS.start[0])
    found = {(day, at): vix(day, float(value), base + at * MINUTE_NS) for day, at, value in events}
    shuffled = list(found.values())
    order.shuffle(shuffled)
    asked = base + np.array(times) * MINUTE_NS
    rows = made(*shuffled).rows(asked)
    for ts, row in zip(asked, rows, strict=True):
        known = [o for o in shuffled if o.ts_known <= ts]
        if not known:
            assert np.isnan(row).all()
            continue
        newest = max(known, key=lambda o: (o.ts_event, o.ts_known))
        closed = SESSIONS.session[SESSIONS.close <= ts]
        assert row[:2].tolist() == [newest.value, (closed > newest.ts_event).sum()]


@given(cut=st.integers(0, 11))
def test_a_snapshot_through_json_goes_on(cut: int) -> None:
    whole = made(*(vix(day, 10.0 + day) for day in range(12)))
    broken = made(*(vix(day, 10.0 + day) for day in range(12)))
    for day in range(cut):
        broken.row(int(SESSIONS.end[day]))
    again = LastKnown(SERIES, SESSIONS)
    again.restore(json.loads(json.dumps(broken.snapshot())))
    for day in range(cut, 12):
        ts = int(SESSIONS.end[day])
        np.testing.assert_array_equal(again.row(ts), whole.row(ts))
    assert again.snapshot() == whole.snapshot()


def test_values_are_null_and_stale_after_five_sessions() -> None:
    columns = (
        Column("vix", "last_known", "none", 0, ("VIX",)),
        Column("spread", "spread", "none", 0, ("VIX", "UST_3M")),
    )
    engine = Engine(FeatureSet("observed_v1", columns, EPOCH), SESSIONS)
    known = np.array(
        [[20.0, 5, 0.5, 0], [20.0, 6, 0.5, 0], [20.0, 0, 0.5, 6], [20.0, 0, np.nan, np.nan]]
    )
    ts = SESSIONS.start[0] + np.arange(4) * MINUTE_NS
    values, status = engine.update(
        engine.new_state(1), np.zeros(4, np.int32), walk(4, 0), ts, known
    )
    np.testing.assert_array_equal(values[:, 0], np.float32([20, np.nan, 20, 20]))
    np.testing.assert_array_equal(values[:, 1], np.float32([19.5, np.nan, np.nan, np.nan]))
    assert status.tolist() == [[0, 0], [3, 3], [0, 3], [0, 1]]
