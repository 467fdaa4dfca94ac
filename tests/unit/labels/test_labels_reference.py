"""Every kind of label beside a plain reference, over made markets of minutes and of sessions."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.deadlines import flat_times
from alphaline.labels.exit_rule import EXIT_NAMES, LONG, SHORT, ExitRule
from alphaline.labels.triple_barrier import UNLABELLED, triple_barrier
from alphaline.market.calendars import xnys_sessions
from alphaline.messages import MINUTE_NS
from tests.unit.labels.reference_triple_barrier import reference_label

TABLE = xnys_sessions(date(2001, 8, 20), date(2001, 11, 30))

distances = st.sampled_from([0.001, 0.01, 0.027, 0.2, math.inf])
fixed = st.fixed_dictionaries({"profit_target": distances, "stop_loss": distances})
in_sigma = st.fixed_dictionaries({"barrier_sigma": st.sampled_from([0.3, 1.0, 3.0])})
barriers = st.one_of(fixed, in_sigma)
sigmas = st.sampled_from([0.01, 0.01, 0.002, math.nan, 0.0, -0.1, math.inf])
sides = st.sampled_from([LONG, SHORT])
# Moves of a bar in per mille: standing still, small, and far beyond any barrier.
moves = st.one_of(st.just(0), st.integers(-12, 12), st.integers(-300, 300))


@st.composite
def walks(draw, bars):
    """Return (n, 4) prices: constant, all falling, or any walk with gaps at the opens."""
    kind = draw(st.sampled_from(["constant", "falling", "walk"]))
    if kind == "constant":
        return np.full((bars, 4), 100.0)
    rows, price = [], 100.0
    for _ in range(bars):
        gap, drift, up, down = draw(st.tuples(moves, moves, st.integers(0, 30), st.integers(0, 30)))
        if kind == "falling":
            gap, drift = -(abs(gap) % 40), -(abs(drift) % 40)
        o = max(price * (1 + gap / 1000), 0.5)
        c = max(o * (1 + drift / 1000), 0.5)
        rows.append((o, max(o, c) * (1 + up / 1000), min(o, c) * (1 - down / 1000), c))
        price = c
    return np.array(rows).reshape(-1, 4)


def check(rule, starts, ends, prices, known_at, flat_at, sigma, side, latency_ns, *, pass_ends):
    labels = triple_barrier(
        ExitRule(**rule),
        ts_event=starts,
        prices=prices,
        known_at=known_at,
        flat_at=flat_at,
        latency_ns=latency_ns,
        sigma=sigma,
        bar_end=ends if pass_ends else None,
        side=side,
    )
    names = ("start", "end", "o", "h", "l", "c")
    bars = [dict(zip(names, row, strict=True)) for row in zip(starts.tolist(), ends.tolist(), *prices.T.tolist(), strict=True)]  # fmt: skip
    for i in range(len(known_at)):
        decision = {"known_at": known_at[i], "flat_at": flat_at[i], "sigma": float(sigma[i])}
        expected = reference_label(bars, decision, {"bar_ns": MINUTE_NS} | rule, side, latency_ns)
        if expected is None:
            assert not labels.is_labelled[i]
            assert math.isnan(labels.realised[i])
            assert {labels.y[i], labels.code[i], labels.t_entry[i], labels.t_touch[i]} == {
                UNLABELLED
            }
            continue
        found = (EXIT_NAMES[int(labels.code[i])], labels.realised[i], labels.t_entry[i], labels.t_touch[i])  # fmt: skip
        assert labels.is_labelled[i]
        assert found == expected
        assert labels.y[i] == (expected[1] > 0)
    return labels


@settings(deadline=None)
@given(st.data(), barriers, st.integers(1, 8), sides, st.integers(0, 2))
def test_labels_of_minutes_with_gaps_equal_the_reference(data, kind, horizon, side, late):
    minutes = np.array(sorted(data.draw(st.sets(st.integers(0, 40), min_size=1, max_size=25))))
    starts = minutes.astype(np.int64) * MINUTE_NS
    prices = data.draw(walks(len(starts)))
    sigma = np.array(data.draw(st.lists(sigmas, min_size=len(starts), max_size=len(starts))))
    flat_at = (starts // (20 * MINUTE_NS) + 1) * 20 * MINUTE_NS
    rule = kind | {"horizon_bars": horizon}
    ends = starts + MINUTE_NS
    check(rule, starts, ends, prices, ends, flat_at, sigma, side, late, pass_ends=bool(late))


@settings(deadline=None)
@given(st.data(), barriers, st.integers(1, 6), sides)
def test_labels_of_sessions_with_missing_days_equal_the_reference(data, kind, horizon, side):
    days = np.array(sorted(data.draw(st.sets(st.integers(0, len(TABLE) - 1), min_size=1, max_size=25))))  # fmt: skip
    starts, ends = TABLE.open[days], TABLE.close[days]
    prices = data.draw(walks(len(days)))
    sigma = np.array(data.draw(st.lists(sigmas, min_size=len(days), max_size=len(days))))
    rule = kind | {"horizon_sessions": horizon}
    flat_at = flat_times(ExitRule(**rule), TABLE, starts)
    labels = check(rule, starts, ends, prices, ends, flat_at, sigma, side, 1, pass_ends=True)
    on = labels.is_labelled
    assert (labels.t_entry[on] > ends[on]).all()
    assert (flat_at[on] - labels.t_entry[on] <= ExitRule(**rule).horizon_ns).all()


@settings(deadline=None)
@given(st.data(), barriers, st.integers(1, 3), sides)
def test_minutes_may_be_held_over_several_sessions(data, kind, horizon, side):
    picked = sorted(data.draw(st.sets(st.integers(0, 35), min_size=1, max_size=25)))
    starts = np.array([TABLE.open[i // 6] + i % 6 * 65 * MINUTE_NS for i in picked])
    ends = starts + 65 * MINUTE_NS
    prices = data.draw(walks(len(starts)))
    rule = kind | {"horizon_sessions": horizon}
    flat_at = flat_times(ExitRule(**rule), TABLE, starts)
    sigma = np.full(len(starts), 0.01)
    early = np.minimum(ends, TABLE.close[np.array(picked) // 6])
    check(rule, starts, early, prices, early, flat_at, sigma, side, 0, pass_ends=True)


@settings(deadline=None)
@given(st.data(), barriers, st.integers(1, 5), sides)
def test_cutting_daily_history_removes_labels_and_changes_none(data, kind, horizon, side):
    prices = data.draw(walks(20))
    cut = data.draw(st.integers(0, 20))
    starts, ends = TABLE.open[:20], TABLE.close[:20]
    rule = ExitRule(**(kind | {"horizon_sessions": horizon}))
    decisions = {
        "known_at": ends,
        "flat_at": flat_times(rule, TABLE, starts),
        "sigma": np.full(20, 0.01),
        "latency_ns": 1,
        "side": side,
    }
    whole = triple_barrier(rule, ts_event=starts, prices=prices, bar_end=ends, **decisions)
    part = triple_barrier(
        rule, ts_event=starts[:cut], prices=prices[:cut], bar_end=ends[:cut], **decisions
    )
    known_by = ends[cut - 1] if cut else 0
    np.testing.assert_array_equal(part.is_labelled, whole.is_labelled & (whole.t_touch <= known_by))
    for name in ("y", "realised", "t_entry", "t_touch", "code"):
        before, after = getattr(part, name), getattr(whole, name)
        assert before[part.is_labelled].tobytes() == after[part.is_labelled].tobytes()


@given(st.integers(1, 5), sides)
def test_a_fixed_horizon_label_is_the_return_to_the_close_of_its_last_session(horizon, side):
    rng = np.random.default_rng(horizon)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.2, 20)))
    o = close * 1.01
    prices = np.column_stack([o, np.maximum(o, close), np.minimum(o, close), close])
    rule = ExitRule.fixed_horizon(horizon_sessions=horizon)
    labels = triple_barrier(
        rule,
        ts_event=TABLE.open[:20],
        prices=prices,
        bar_end=TABLE.close[:20],
        known_at=TABLE.close[:20],
        flat_at=flat_times(rule, TABLE, TABLE.open[:20]),
        latency_ns=0,
        side=side,
    )
    last = 20 - horizon
    assert labels.is_labelled.tolist() == [True] * last + [False] * horizon
    expected = side * (close[horizon:] / o[1 : last + 1] - 1.0)
    np.testing.assert_array_equal(labels.realised[:last], expected)


def one_bar(**changes):
    values = {
        "ts_event": TABLE.open[:2],
        "prices": np.full((2, 4), 100.0),
        "known_at": TABLE.close[:1],
        "flat_at": TABLE.close[1:2],
        "latency_ns": 0,
        "bar_end": TABLE.close[:2],
    }
    rule = ExitRule(profit_target=0.1, stop_loss=0.1, horizon_sessions=1)
    return triple_barrier(changes.pop("rule", rule), **(values | changes))


def test_one_bar_of_a_market_that_stands_still_is_a_zero():
    labels = one_bar()
    assert (labels.y.tolist(), labels.realised.tolist()) == ([0], [0.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bar_end": None}, "expected bar_end with a horizon in sessions"),
        ({"rule": ExitRule(barrier_sigma=1.0, horizon_sessions=1)}, "expected sigma"),
        ({"prices": np.array([[100.0] * 4, [100.0, 101.0, -1.0, 100.0]])}, "above 0.*row 1"),
        ({"bar_end": TABLE.close[:1]}, "n ends"),
        ({"bar_end": TABLE.open[:2]}, "end after its start.*row 0"),
        ({"bar_end": TABLE.close[1:3]}, "by the next one's.*row 0"),
    ],
)
def test_what_cannot_be_labelled_is_refused_with_its_remedy(changes, message):
    with pytest.raises(DatasetError, match=message):
        one_bar(**changes)
