import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import HORIZON, LONG, SHORT, STOP, TARGET, ExitRule
from alphaline.labels.triple_barrier import triple_barrier
from alphaline.messages import MINUTE_NS

FLAT = (100.0, 100.1, 99.9, 100.0)
RULE = ExitRule(barrier_sigma=1.0, horizon_bars=4)
SIGMA = 0.005  # barriers at 1 %


def label(bars, minutes=None, *, known=1, sigma=SIGMA, close=1_000, latency_ns=0, side=LONG):
    minutes = range(len(bars)) if minutes is None else minutes
    labels = triple_barrier(
        RULE,
        ts_event=np.array(minutes, dtype=np.int64) * MINUTE_NS,
        prices=np.array(bars, dtype=np.float64).reshape(-1, 4),
        known_at=np.array([known], dtype=np.int64) * MINUTE_NS,
        sigma=np.array([sigma]),
        flat_at=np.array([close], dtype=np.int64) * MINUTE_NS,
        latency_ns=latency_ns,
        side=side,
    )
    return tuple(getattr(labels, name)[0] for name in ("is_labelled", "y", "realised", "code"))


def test_a_touched_target_is_a_one():
    labelled, y, realised, code = label([FLAT, FLAT, (100, 102, 100, 101)])
    assert (labelled, y, code) == (True, 1, TARGET)
    assert realised == pytest.approx(0.01)


def test_a_touched_stop_is_a_zero():
    labelled, y, realised, code = label([FLAT, FLAT, (100, 102, 98, 101)])
    assert (labelled, y, code) == (True, 0, STOP)
    assert realised == pytest.approx(-0.01)


def test_a_short_position_earns_where_the_price_falls():
    labelled, y, realised, code = label([FLAT, FLAT, (100, 100, 98, 99)], side=SHORT)
    assert (labelled, y, code) == (True, 1, TARGET)
    assert realised == pytest.approx(0.01)


def test_the_entry_bar_itself_can_stop_the_position():
    assert label([FLAT, (100, 100, 98, 99)])[3] == STOP


def test_the_horizon_counts_the_entry_bar():
    bars = [FLAT] * 4 + [(100, 100.5, 99.5, 100.4)]
    assert not label(bars[:4])[0]
    assert label(bars)[1:] == pytest.approx((1, 0.004, HORIZON))


def test_a_gap_over_the_deadline_exits_at_the_next_open():
    bars = [FLAT, FLAT, (95.0, 96.0, 94.0, 95.0)]
    assert label(bars, [0, 1, 9])[1:] == pytest.approx((0, -0.05, HORIZON))


def test_the_position_ends_at_the_close_of_the_session():
    bars = [FLAT, FLAT, (100, 100.5, 99.9, 100.2), FLAT, FLAT, FLAT]
    assert label(bars, close=3)[1:] == pytest.approx((1, 0.002, HORIZON))


def test_no_entry_bar_before_the_close_leaves_the_decision_unlabelled():
    assert label([FLAT] * 9, known=3, close=3) == (
        False,
        -1,
        pytest.approx(math.nan, nan_ok=True),
        -1,
    )


def test_latency_moves_the_entry_to_the_next_bar():
    bars = [FLAT, (100, 100, 98, 99), FLAT, (100, 102, 100, 101)]
    assert label(bars)[3] == STOP
    assert label(bars, latency_ns=1)[3] == TARGET


@pytest.mark.parametrize("sigma", [math.nan, 0.0, -1.0, math.inf])
def test_a_sigma_that_sets_no_barriers_leaves_the_decision_unlabelled(sigma):
    assert not label([FLAT] * 9, sigma=sigma)[0]


def test_the_label_uses_the_terms_of_the_paper_account():
    terms = RULE.terms(SIGMA, 0)
    _, _, realised, _ = label([FLAT, FLAT, (100, 102, 100, 101)])
    assert realised == 100.0 * (1.0 + terms.target_return) / 100.0 - 1.0


@pytest.mark.parametrize(
    ("minutes", "bars", "message"),
    [
        ([0, 0], [FLAT, FLAT], "increasing"),
        ([0, 1], [FLAT, (100, math.nan, 99, 100)], "finite"),
        ([0, 1, 2], [FLAT, FLAT], "saw"),
    ],
)
def test_a_broken_history_is_refused(minutes, bars, message):
    with pytest.raises(DatasetError, match=message):
        label(bars, minutes)


@st.composite
def histories(draw):
    n = draw(st.integers(5, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    minutes = np.flatnonzero(rng.random(n * 2) < 0.7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.003, len(minutes))))
    o = close * np.exp(rng.normal(0, 0.001, len(minutes)))
    high = np.maximum(o, close) * (1 + np.abs(rng.normal(0, 0.002, len(minutes))))
    low = np.minimum(o, close) * (1 - np.abs(rng.normal(0, 0.002, len(minutes))))
    return minutes * MINUTE_NS, np.column_stack([o, high, low, close]), rng


@settings(deadline=None)
@given(histories(), st.sampled_from([LONG, SHORT]), st.data())
def test_cutting_history_changes_no_touched_label(history, side, data):
    ts_event, prices, rng = history
    cut = data.draw(st.integers(0, len(ts_event)))
    decisions = {
        "known_at": ts_event + MINUTE_NS,
        "sigma": rng.uniform(0.0005, 0.005, len(ts_event)),
        "flat_at": (ts_event // (40 * MINUTE_NS) + 1) * 40 * MINUTE_NS,
        "latency_ns": 0,
        "side": side,
    }
    whole = triple_barrier(RULE, ts_event=ts_event, prices=prices, **decisions)
    part = triple_barrier(RULE, ts_event=ts_event[:cut], prices=prices[:cut], **decisions)
    known_by = ts_event[cut - 1] + MINUTE_NS if cut else 0
    np.testing.assert_array_equal(part.is_labelled, whole.is_labelled & (whole.t_touch <= known_by))
    for name in ("y", "realised", "t_entry", "t_touch", "code"):
        before, after = getattr(part, name), getattr(whole, name)
        assert before[part.is_labelled].tobytes() == after[part.is_labelled].tobytes()


@settings(deadline=None)
@given(histories())
def test_every_label_lies_between_its_decision_and_a_bar_past_its_deadline(history):
    ts_event, prices, _ = history
    known = ts_event + MINUTE_NS
    close = (ts_event // (40 * MINUTE_NS) + 1) * 40 * MINUTE_NS
    labels = triple_barrier(
        RULE,
        ts_event=ts_event,
        prices=prices,
        known_at=known,
        sigma=np.full(len(known), 0.001),
        flat_at=close,
        latency_ns=0,
    )
    on = labels.is_labelled
    assert (labels.t_entry[on] >= known[on]).all()
    assert (labels.t_entry[on] < close[on]).all()
    assert (labels.t_touch[on] > labels.t_entry[on]).all()
    early = on & (labels.code != HORIZON)
    due = np.minimum(labels.t_entry + RULE.horizon_ns, close)
    assert (labels.t_touch[early] < due[early] + MINUTE_NS).all()
    np.testing.assert_array_equal(labels.y[on], (labels.realised[on] > 0).astype(np.int8))


def test_columns_of_a_frame_are_labelled_as_they_come():
    bars = np.asfortranarray(np.array([FLAT, FLAT, (100, 102, 100, 101)]))
    minutes = np.arange(3, dtype=np.int64) * MINUTE_NS
    for array in (bars, minutes):
        array.setflags(write=False)
    labels = triple_barrier(
        RULE,
        ts_event=minutes,
        prices=bars,
        known_at=minutes[1:2],
        sigma=np.array([SIGMA]),
        flat_at=minutes[2:] * 100,
        latency_ns=0,
    )
    assert labels.code.tolist() == [TARGET]
    assert labels.at(np.array([False])).y.tolist() == []
