"""Labels on the recorded SPY minutes of January 2011, beside a plain fold of the exit step."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alphaline.labels.exit_rule import (
    HORIZON,
    LONG,
    NONE,
    SHORT,
    STOP,
    TARGET,
    ExitRule,
    barrier_prices,
    deadline,
    exit_step,
)
from alphaline.labels.triple_barrier import triple_barrier
from alphaline.messages import MINUTE_NS

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
RULE = ExitRule(barrier_sigma=1.5, horizon_bars=30)
LATENCY_NS = 250_000_000


@pytest.fixture(scope="module")
def january():
    bars = pl.read_parquet(SAMPLE / "spy_minute_2011.parquet").sort("ts_event")
    sessions = pl.read_parquet(SAMPLE / "xnys_sessions.parquet").sort("start")
    bars = bars.join_asof(sessions, left_on="ts_event", right_on="start", strategy="backward")
    bars = bars.filter(pl.col("ts_event") < 1_296_600_000_000_000_000)
    returns = np.diff(np.log(bars["close"].to_numpy()), prepend=math.nan)
    sigma = pl.Series(returns).fill_nan(None).ewm_std(span=60, min_samples=60).to_numpy()
    decided = (bars["ts_event"] >= bars["open_right"]) & (bars["ts_event"] < bars["close_right"])
    rows = decided.to_numpy()
    return {
        "ts_event": bars["ts_event"].to_numpy(),
        "prices": bars.select("open", "high", "low", "close").to_numpy(),
        "known_at": bars["ts_event"].to_numpy()[rows] + MINUTE_NS,
        "sigma": sigma[rows],
        "flat_at": bars["close_right"].to_numpy()[rows],
    }


def plain_fold(side, i, history):
    ts, prices = history["ts_event"], history["prices"]
    sigma, close = history["sigma"][i], history["flat_at"][i]
    after = np.flatnonzero(ts >= history["known_at"][i] + LATENCY_NS)
    if not (sigma > 0) or not after.size or ts[after[0]] >= close:
        return NONE, math.nan, -1
    entry = after[0]
    terms = RULE.terms(float(sigma), int(close))
    limits = barrier_prices(side, prices[entry, 0], terms.stop_return, terms.target_return)
    due = deadline(ts[entry], terms.horizon_ns, terms.flat_at)
    for bar in range(entry, len(ts)):
        code, price = exit_step(side, *limits, due, ts[bar], ts[bar] + MINUTE_NS, *prices[bar])
        if code != NONE:
            return code, side * (price / prices[entry, 0] - 1.0), ts[bar] + MINUTE_NS
    return NONE, math.nan, -1


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_labels_equal_a_plain_fold_of_the_exit_step(january, side):
    labels = triple_barrier(RULE, **january, latency_ns=LATENCY_NS, side=side)
    for i in np.random.default_rng(1).choice(len(labels.y), 300, replace=False):
        code, realised, touch = plain_fold(side, i, january)
        assert labels.is_labelled[i] == (code != NONE)
        if code != NONE:
            assert (labels.code[i], labels.t_touch[i]) == (code, touch)
            assert labels.realised[i] == realised


def test_nothing_is_held_across_the_close(january):
    labels = triple_barrier(RULE, **january, latency_ns=LATENCY_NS)
    on = labels.is_labelled
    assert (labels.t_touch[on] <= january["flat_at"][on]).all()


def test_every_way_to_end_occurs_and_only_the_last_minute_has_no_entry(january):
    labels = triple_barrier(RULE, **january, latency_ns=LATENCY_NS)
    assert {STOP, TARGET, HORIZON} <= set(labels.code.tolist())
    left = january["flat_at"] - january["known_at"]
    warm = np.isfinite(january["sigma"])
    np.testing.assert_array_equal(labels.is_labelled[warm], left[warm] > MINUTE_NS)


def test_cutting_january_anywhere_changes_no_touched_label(january):
    whole = triple_barrier(RULE, **january, latency_ns=LATENCY_NS)
    ts, prices = january["ts_event"], january["prices"]
    for cut in np.random.default_rng(2).integers(1, len(ts), 50):
        part = triple_barrier(
            RULE,
            **january | {"ts_event": ts[:cut], "prices": prices[:cut]},
            latency_ns=LATENCY_NS,
        )
        known_by = ts[cut - 1] + MINUTE_NS
        expected = whole.is_labelled & (whole.t_touch <= known_by)
        np.testing.assert_array_equal(part.is_labelled, expected)
        np.testing.assert_array_equal(part.realised[expected], whole.realised[expected])
