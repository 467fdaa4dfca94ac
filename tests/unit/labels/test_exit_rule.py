import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    is_usable_sigma,
)
from alphaline.market.calendars import xnys_sessions
from alphaline.market.sessions import DAY_NS
from alphaline.messages import MINUTE_NS, ExitTerms

LATE = 100 * MINUTE_NS


def step(side, o, h, l, c, bar_start=0, due=LATE):  # noqa: E741
    stop, target = barrier_prices(side, 100.0, 0.02, 0.02)
    return exit_step(side, stop, target, due, bar_start, bar_start + MINUTE_NS, o, h, l, c)


def test_terms_scale_sigma_to_the_horizon():
    rule = ExitRule(barrier_sigma=1.5, horizon_bars=25)
    assert rule.terms(0.001, 77) == ExitTerms(
        stop_return=0.0075, target_return=0.0075, horizon_ns=25 * MINUTE_NS, flat_at=77
    )


@pytest.mark.parametrize("sigma", [math.nan, math.inf, 0.0, -0.1])
def test_terms_refuse_a_sigma_that_sets_no_barriers(sigma):
    assert not is_usable_sigma(sigma)
    with pytest.raises(ValueError, match="sigma"):
        ExitRule(barrier_sigma=1.5, horizon_bars=30).terms(sigma, 0)


def test_fixed_barriers_need_no_sigma_and_may_differ():
    rule = ExitRule(profit_target=0.027, stop_loss=0.02, horizon_bars=10)
    assert not rule.needs_sigma
    assert rule.terms(math.nan, 77) == ExitTerms(
        stop_return=0.02, target_return=0.027, horizon_ns=10 * MINUTE_NS, flat_at=77
    )


def test_a_horizon_in_sessions_ends_at_flat_at_alone():
    rule = ExitRule(barrier_sigma=2.0, horizon_sessions=9)
    terms = rule.terms(0.01, 10**18)
    assert (terms.stop_return, terms.target_return) == pytest.approx((0.06, 0.06))
    entry = 10**18 - 300 * DAY_NS
    assert deadline(entry, terms.horizon_ns, terms.flat_at) == terms.flat_at


def test_a_rule_without_barriers_is_for_labels_only():
    rule = ExitRule.fixed_horizon(horizon_sessions=5)
    stop, target = rule.distances(np.full(2, math.nan))
    assert (stop.tolist(), target.tolist()) == ([math.inf] * 2, [math.inf] * 2)
    with pytest.raises(ValueError, match="does not trade"):
        rule.terms(0.01, 0)


def test_no_sessions_of_the_exchange_outlive_the_bound_on_a_horizon():
    table = xnys_sessions(date(1960, 1, 1), date(2026, 12, 31))
    for horizon in range(1, 253):
        lives = table.close[horizon - 1 :] - table.open[: len(table) - horizon + 1]
        rule = ExitRule(profit_target=0.1, stop_loss=0.1, horizon_sessions=horizon)
        assert lives.max() <= rule.horizon_ns


@pytest.mark.parametrize(
    "parameters",
    [
        {"barrier_sigma": 0.0, "horizon_bars": 30},
        {"barrier_sigma": math.nan, "horizon_bars": 30},
        {"barrier_sigma": math.inf, "horizon_bars": 30},
        {"barrier_sigma": 1.5, "horizon_bars": 0},
        {"barrier_sigma": 1.5, "horizon_bars": 30, "bar_ns": -1},
        {"barrier_sigma": 1.5},
        {"barrier_sigma": 1.5, "horizon_bars": 30, "horizon_sessions": 1},
        {"barrier_sigma": 1.5, "profit_target": 0.1, "stop_loss": 0.1, "horizon_bars": 30},
        {"barrier_sigma": 1.5, "stop_loss": 0.1, "horizon_bars": 30},
        {"profit_target": 0.1, "horizon_bars": 30},
        {"profit_target": 0.1, "stop_loss": -0.1, "horizon_bars": 30},
        {"profit_target": math.nan, "stop_loss": 0.1, "horizon_bars": 30},
        {"horizon_bars": 30},
        {"profit_target": 0.1, "stop_loss": 0.1, "horizon_sessions": 0},
    ],
)
def test_a_rule_with_a_senseless_parameter_is_refused(parameters):
    with pytest.raises(ValueError, match="exit rule"):
        ExitRule(**parameters)


@pytest.mark.parametrize(("side", "stop", "target"), [(LONG, 98.0, 102.0), (SHORT, 102.0, 98.0)])
def test_barriers_lie_on_the_side_of_the_position(side, stop, target):
    assert barrier_prices(side, 100.0, 0.02, 0.02) == pytest.approx((stop, target))


def test_the_deadline_is_cut_off_at_the_close():
    assert deadline(10, 30, 100) == 40
    assert deadline(10, 30, 25) == 25


@pytest.mark.parametrize(
    ("side", "bar", "expected"),
    [
        (LONG, (100, 101, 99, 100), NONE),
        (LONG, (97, 99, 96, 98), (STOP, 97)),
        (LONG, (103, 104, 90, 98), (TARGET, 103)),
        (LONG, (100, 103, 97, 100), (STOP, 98)),
        (LONG, (100, 103, 99, 100), (TARGET, 102)),
        (SHORT, (103, 104, 96, 98), (STOP, 103)),
        (SHORT, (97, 104, 96, 98), (TARGET, 97)),
        (SHORT, (100, 103, 97, 100), (STOP, 102)),
        (SHORT, (100, 101, 97, 100), (TARGET, 98)),
    ],
)
def test_a_bar_before_the_deadline(side, bar, expected):
    code, price = step(side, *bar)
    if expected == NONE:
        assert code == NONE
        assert math.isnan(price)
    else:
        assert (code, price) == pytest.approx(expected)


def test_a_bar_that_starts_at_the_deadline_exits_at_its_open_even_beyond_the_stop():
    assert step(LONG, 90, 91, 89, 90, bar_start=5, due=5) == (HORIZON, 90)


def test_a_bar_that_reaches_the_deadline_exits_at_its_close():
    assert step(LONG, 100, 101, 99, 100.5, due=MINUTE_NS) == (HORIZON, 100.5)


def test_a_barrier_inside_the_last_bar_comes_before_the_deadline():
    assert step(LONG, 100, 101, 97, 100.5, due=MINUTE_NS) == (STOP, 98)


prices = st.floats(50, 150)


@given(st.lists(prices, min_size=4, max_size=4), st.sampled_from([LONG, SHORT]))
def test_the_exit_price_lies_inside_the_bar(four, side):
    low, *middle, high = sorted(four)
    code, price = step(side, middle[0], high, low, middle[1])
    if code != NONE:
        assert low <= price <= high


@given(st.lists(prices, min_size=4, max_size=4))
def test_long_and_short_mirror_each_other_at_the_open(four):
    low, *middle, high = sorted(four)
    bars = (middle[0], high, low, middle[1])
    mirrored = tuple(200 - p for p in (middle[0], low, high, middle[1]))
    stop, target = 98.0, 102.0
    up = exit_step(LONG, stop, target, LATE, 0, MINUTE_NS, *bars)
    down = exit_step(SHORT, 200 - stop, 200 - target, LATE, 0, MINUTE_NS, *mirrored)
    assert up[0] == down[0]
    if up[0] != NONE:
        assert up[1] == pytest.approx(200 - down[1])
