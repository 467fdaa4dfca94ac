"""The benchmark's own parts: its signals beside a plain mean, and that other trades are refused."""

import numpy as np
import pytest

from alphaline.messages import MINUTE_NS
from alphaline.trading.simulation import InstrumentBars
from tests.performance import bench_backtest as bench

COSTS = np.array([1.0, 1.0, 1.0 + bench.COST_BPS * 1e-4, 1.0 - bench.COST_BPS * 1e-4])


@pytest.fixture(scope="module")
def bars():
    values = bench._prices()[:2_000]
    start = bench.session_label(bench.EPOCH) + np.arange(len(values)) * MINUTE_NS
    return InstrumentBars(start, start + MINUTE_NS, values)


def expected_trades(values):
    """Return trades before costs by means over slices: decided on a close, traded at the next open."""
    close, trades, entered = values[:, 3], [], None
    for i in range(bench.SLOW, len(close) - 1):
        fast, slow = (close[i + 1 - n : i + 1].mean() for n in (bench.FAST, bench.SLOW))
        if fast > slow and entered is None:
            entered = i + 1
        elif fast <= slow and entered is not None:
            trades.append((entered, i + 1, values[entered, 0], values[i + 1, 0]))
            entered = None
    return np.array(trades + ([(entered, -1, values[entered, 0], np.nan)] if entered else []))


def test_the_benchmark_trades_what_a_plain_mean_does_and_is_never_denied(bars):
    result = bench.backtest(bars, bench._endless())
    trades = bench.our_trades(result)
    assert len(trades) > 10
    bench.demand_same_trades(trades, {"plain": expected_trades(bars.values)})
    assert result.denials_by_code() == {}
    assert result.costs()["slippage"] > 0


@pytest.mark.parametrize("change", [(0, 0, 1.0), (3, 1, -1.0), (5, 2, 1e-6), (5, 3, -1e-6)])
def test_one_trade_that_differs_in_bar_or_price_fails_the_benchmark(bars, change):
    trades = bench.our_trades(bench.backtest(bars, bench._endless()))
    row, column, shift = change
    theirs = trades / COSTS
    theirs[row, column] += shift
    with pytest.raises(RuntimeError, match=r"peer: expected our \d+ trades, saw \d+ that differ"):
        bench.demand_same_trades(trades, {"peer": theirs})


def test_a_missing_trade_fails_the_benchmark(bars):
    trades = bench.our_trades(bench.backtest(bars, bench._endless()))
    with pytest.raises(RuntimeError, match="that differ"):
        bench.demand_same_trades(trades, {"peer": trades[1:] / COSTS})
