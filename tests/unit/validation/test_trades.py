import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import LONG, SHORT, ExitRule
from alphaline.labels.triple_barrier import TripleBarrierLabels, triple_barrier
from alphaline.messages import MINUTE_NS
from alphaline.validation.trades import EntryThresholds, entry_sides, take_positions
from tests.flat_costs import FlatCosts

FREE = FlatCosts()
BOTH = EntryThresholds(entry_long=0.6, entry_short=0.4)


def labels(realised, entry, touch, is_labelled=None):
    m = len(realised)
    on = np.ones(m, dtype=bool) if is_labelled is None else np.array(is_labelled)
    return TripleBarrierLabels(
        is_labelled=on,
        y=(np.array(realised) > 0).astype(np.int8),
        realised=np.array(realised, dtype=np.float64),
        t_entry=np.array(entry, dtype=np.int64),
        t_touch=np.array(touch, dtype=np.int64),
        code=np.full(m, 3, dtype=np.int8),
    )


def simulate(probability, longs, shorts=None, *, thresholds=BOTH, costs=FREE, known_at=None):
    m = len(probability)
    return take_positions(
        entry_sides(np.array(probability, dtype=np.float64), thresholds),
        known_at=np.arange(m, dtype=np.int64) if known_at is None else np.array(known_at),
        longs=longs,
        shorts=longs if shorts is None else shorts,
        costs=costs,
    )


def test_a_position_blocks_decisions_until_the_minute_after_its_exit():
    held = labels([0.01] * 5, [0, 1, 2, 3, 4], [2, 3, 4, 5, 6])
    assert simulate([0.9] * 5, held).decision.tolist() == [0, 3]


def test_a_probability_at_a_threshold_opens_its_side():
    ends = labels([0.01] * 4, range(4), np.arange(4) * 10 - 5)
    seen = simulate([0.6, 0.5, 0.4, math.nan], ends)
    assert seen.decision.tolist() == [0, 2]
    assert seen.side.tolist() == [LONG, SHORT]


def test_a_side_without_threshold_is_not_traded():
    ends = labels([0.01] * 2, [0, 1], [0, 1])
    only_short = EntryThresholds(entry_long=None, entry_short=0.4)
    assert simulate([0.99, 0.1], ends, thresholds=only_short).decision.tolist() == [1]


def test_each_side_has_its_own_exit_and_return():
    longs = labels([0.01, 0.02], [0, 1], [0, 1])
    shorts = labels([-0.03, -0.04], [0, 1], [0, 7])
    seen = simulate([0.9, 0.1], longs, shorts)
    assert seen.gross.tolist() == [0.01, -0.04]
    assert seen.t_exit.tolist() == [0, 7]


def test_a_decision_whose_exit_is_not_known_opens_nothing():
    half = labels([0.01] * 2, [0, 1], [0, 1], is_labelled=[False, True])
    assert simulate([0.9, 0.9], half).decision.tolist() == [1]


def test_a_round_trip_pays_every_cost_twice():
    costs = FlatCosts(0.0035)
    seen = simulate([0.9], labels([0.01], [0], [1]), costs=costs)
    assert seen.net == pytest.approx([0.003])


@pytest.mark.parametrize(("long", "short"), [(0.4, 0.6), (0.5, 0.5), (math.nan, 0.4)])
def test_thresholds_that_cross_are_refused(long, short):
    with pytest.raises(ValueError, match="entry_short < entry_long"):
        EntryThresholds(entry_long=long, entry_short=short)


def test_decisions_out_of_order_are_refused():
    ends = labels([0.01] * 2, [0, 1], [0, 1])
    with pytest.raises(DatasetError, match="increasing"):
        simulate([0.9, 0.9], ends, known_at=[1, 1])
    with pytest.raises(DatasetError, match="lengths"):
        simulate([0.9], ends)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.floats(0, 0.01))
def test_positions_never_overlap_and_pay_both_sides(seed, n, cost):
    rng = np.random.default_rng(seed)
    minutes = np.arange(n, dtype=np.int64) * MINUTE_NS
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, n)))
    flat_at = (minutes // (50 * MINUTE_NS) + 1) * 50 * MINUTE_NS
    longs, shorts = (
        triple_barrier(
            ExitRule(barrier_sigma=1.5, horizon_bars=8),
            ts_event=minutes,
            prices=np.column_stack([close, close * 1.001, close * 0.999, close]),
            known_at=minutes + MINUTE_NS,
            sigma=np.full(n, 0.001),
            flat_at=flat_at,
            latency_ns=0,
            side=side,
        )
        for side in (LONG, SHORT)
    )
    seen = take_positions(
        entry_sides(rng.random(n), BOTH),
        known_at=minutes + MINUTE_NS,
        longs=longs,
        shorts=shorts,
        costs=FlatCosts(cost),
    )
    assert (seen.t_entry[1:] >= seen.t_exit[:-1]).all()
    assert (seen.t_exit > seen.t_entry).all()
    assert seen.gross - seen.net == pytest.approx(np.full(len(seen.net), 2 * cost))
