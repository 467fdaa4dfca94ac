"""Open positions are marked at each close; nothing is earned twice, lost or hidden."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.labels.exit_rule import LONG, SHORT
from alphaline.labels.triple_barrier import TripleBarrierLabels
from alphaline.market.sessions import DAY_NS
from alphaline.validation.marked_returns import TradedBars, held_ns, marked_returns
from alphaline.validation.trades import Trades, nights, take_positions
from tests.flat_costs import FlatCosts

HOUR = 3_600 * 10**9
FREE = FlatCosts()


def calendar(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return label, open and close of sessions on weekdays only."""
    days = np.array([d for d in range(4, 4 + 2 * count) if (d + 3) % 7 < 5][:count])
    label = days.astype(np.int64) * DAY_NS
    return label, label + 14 * HOUR, label + 21 * HOUR


def daily_bars(opens: list[float], closes: list[float]) -> tuple[TradedBars, dict[str, np.ndarray]]:
    label, opened, closed = calendar(len(opens))
    o, c = np.array(opens, float), np.array(closes, float)
    prices = np.column_stack([o, np.maximum(o, c), np.minimum(o, c), c])
    return TradedBars(ts_event=opened, prices=prices), {
        "sessions": label,
        "session_close": closed,
        "reported": label,
    }


def trade(
    side: int,
    bars: TradedBars,
    closed: np.ndarray,
    enters: int,
    exits: int,
    price: float,
    costs: tuple[float, float] = (0.0, 0.0),
) -> Trades:
    gross = side * (price / bars.prices[enters, 0] - 1)
    began, ended = bars.ts_event[[enters]], closed[[exits]]
    return Trades(
        decision=np.array([0]),
        side=np.array([side], np.int8),
        t_entry=began,
        t_exit=ended,
        gross=np.array([gross]),
        net=np.array([gross - sum(costs)]),
        entry_cost=np.array([costs[0]]),
        exit_cost=np.array([costs[1]]),
    )


def test_a_holding_of_three_sessions_is_marked_at_each_close() -> None:
    bars, days = daily_bars([100, 110, 105, 100], [110, 105, 99, 100])
    held = trade(LONG, bars, days["session_close"], 0, 2, 99)
    assert marked_returns(held, bars=bars, costs=FREE, **days) == pytest.approx(
        [0.10, -0.05, -0.06, 0.0]
    )


def test_a_short_pays_its_costs_at_both_ends_and_borrows_by_night() -> None:
    # Thursday, Friday, Monday: one night and then three.
    bars, days = daily_bars([100] * 7, [100] * 7)
    at = int(np.flatnonzero(np.diff(days["sessions"]) == 3 * DAY_NS)[0])
    costs = FlatCosts(borrow_annual=0.365)
    held = trade(SHORT, bars, days["session_close"], at - 1, at + 1, 100, (0.001, 0.002))
    seen = marked_returns(held, bars=bars, costs=costs, **days)
    expected = np.zeros(7)
    expected[at - 1 : at + 2] = [-0.001, -0.001, -0.003 - 0.002]
    assert seen == pytest.approx(expected)
    assert nights(held.t_entry, held.t_exit).tolist() == [4]


@pytest.mark.parametrize("reported", [slice(1, None), slice(0, 2), [0, 2, 3]])
def test_a_trade_held_in_a_session_that_is_not_reported_is_refused(reported: slice) -> None:
    bars, days = daily_bars([100, 110, 105, 100], [110, 105, 99, 100])
    held = trade(LONG, bars, days["session_close"], 0, 2, 99)
    days["reported"] = days["sessions"][reported]
    with pytest.raises(DatasetError, match="test spans"):
        marked_returns(held, bars=bars, costs=FREE, **days)


def test_a_trade_that_enters_at_no_bar_is_refused() -> None:
    bars, days = daily_bars([100, 110], [110, 105])
    held = trade(LONG, bars, days["session_close"], 0, 1, 105)
    held.t_entry[:] += 1
    with pytest.raises(DatasetError, match="start of a bar"):
        marked_returns(held, bars=bars, costs=FREE, **days)


def test_nights_are_not_held_in_regular_hours() -> None:
    bars, days = daily_bars([100] * 4, [100] * 4)
    held = trade(LONG, bars, days["session_close"], 0, 2, 100)
    assert held_ns(held, bars.ts_event, days["session_close"]) == 3 * 7 * HOUR
    inside = trade(LONG, bars, days["session_close"], 1, 1, 100)
    inside.t_exit[:] -= 2 * HOUR
    assert held_ns(inside, bars.ts_event, days["session_close"]) == 5 * HOUR


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(3, 60), st.integers(1, 12), st.floats(0, 0.01))
def test_marked_returns_add_up_to_what_the_trades_earned(
    seed: int, count: int, longest: int, cost: float
) -> None:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, count)))
    bars, days = daily_bars((close * 1.001).tolist(), close.tolist())
    costs = FlatCosts(cost, borrow_annual=cost)
    labels = {side: _labels(side, bars, days, rng, longest) for side in (LONG, SHORT)}
    trades = take_positions(
        rng.choice([LONG, 0, SHORT], count).astype(np.int8),
        known_at=days["session_close"],
        longs=labels[LONG],
        shorts=labels[SHORT],
        costs=costs,
    )
    seen = marked_returns(trades, bars=bars, costs=costs, **days)
    assert seen.sum() == pytest.approx(trades.net.sum(), abs=1e-12)
    assert (trades.t_entry[1:] >= trades.t_exit[:-1]).all()
    expected = np.zeros(count)
    for side, began, ended, net in zip(
        trades.side, trades.t_entry, trades.t_exit, trades.net, strict=True
    ):
        worth, entry = 0.0, bars.prices[np.searchsorted(bars.ts_event, began), 0]
        for day in range(count):
            if days["session_close"][day] <= began or bars.ts_event[day] >= ended:
                continue
            over = days["session_close"][day] >= ended
            slept = (days["sessions"][day] - began // DAY_NS * DAY_NS) // DAY_NS
            owed = costs.borrow_annual / 365 * slept if side == SHORT else 0.0
            mark = side * (bars.prices[day, 3] / entry - 1) - cost - owed
            expected[day] += (net if over else mark) - worth
            worth = mark
    assert seen == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_positions_of_one_session_are_booked_as_without_marks(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, count)))
    bars, days = daily_bars((close * 0.99).tolist(), close.tolist())
    costs = FlatCosts(0.001)
    labels = _labels(LONG, bars, days, rng, 1)
    trades = take_positions(
        rng.choice([LONG, 0], count).astype(np.int8),
        known_at=days["session_close"],
        longs=labels,
        shorts=labels,
        costs=costs,
    )
    seen = marked_returns(trades, bars=bars, costs=costs, **days)
    entered = np.searchsorted(bars.ts_event, trades.t_entry)
    plain = np.bincount(entered, weights=trades.net, minlength=count)
    assert seen == pytest.approx(plain, abs=1e-12)


def _labels(
    side: int, bars: TradedBars, days: dict[str, np.ndarray], rng: np.random.Generator, longest: int
) -> TripleBarrierLabels:
    """Return labels of a decision at each close, entered at the next open, of random length."""
    count = len(bars.ts_event)
    entry = np.arange(1, count + 1)
    touch = entry + rng.integers(0, longest, count)
    known = touch < count
    entry, touch = np.minimum(entry, count - 1), np.minimum(touch, count - 1)
    realised = side * (bars.prices[touch, 3] / bars.prices[entry, 0] - 1)
    return TripleBarrierLabels(
        is_labelled=known,
        y=np.where(known, realised > 0, -1).astype(np.int8),
        realised=np.where(known, realised, np.nan),
        t_entry=np.where(known, bars.ts_event[entry], -1),
        t_touch=np.where(known, days["session_close"][touch], -1),
        code=np.where(known, 3, -1).astype(np.int8),
    )
