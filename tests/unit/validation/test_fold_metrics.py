import math

import numpy as np
import pytest

from alphaline.labels.exit_rule import LONG
from alphaline.validation.fold_metrics import fold_metrics
from alphaline.validation.trades import Trades


def trades(gross, cost):
    k = len(gross)
    gross = np.array(gross, dtype=np.float64)
    return Trades(
        decision=np.arange(k),
        side=np.full(k, LONG, dtype=np.int8),
        t_entry=np.arange(k, dtype=np.int64) * 10,
        t_exit=np.arange(k, dtype=np.int64) * 10 + 5,
        gross=gross,
        net=gross - cost,
        entry_cost=np.full(k, cost / 2),
        exit_cost=np.full(k, cost / 2),
    )


def metrics(**changes):
    inputs = {
        "y": np.array([0, 1, 1, 0], dtype=np.int8),
        "probability": np.array([0.2, 0.9, 0.6, 0.7]),
        "realised": np.array([-0.01, 0.02, 0.01, -0.02]),
        "trades": trades([0.02, 0.01, -0.02], 0.001),
        "daily_returns": np.array([0.019, 0.009, -0.021, 0.0]),
        "open_ns": 60,
    }
    return fold_metrics(**(inputs | changes))


def test_a_fold_has_all_three_families_of_measures():
    seen = metrics()
    assert {name.split("_")[0] for name in seen} == {"prediction", "financial", "risk"}
    assert seen["prediction_auc"] == 0.75
    assert seen["prediction_precision"] == pytest.approx(2 / 3)
    assert seen["financial_round_trips"] == 3
    assert seen["financial_hit_rate"] == pytest.approx(2 / 3)
    assert seen["financial_turnover"] == pytest.approx(6 / 4 * 252)
    assert seen["financial_exposure"] == 0.25
    assert seen["financial_cost_share"] == pytest.approx(0.1)
    assert seen["financial_maximum_drawdown"] == pytest.approx(0.021)
    assert seen["risk_longest_drawdown_sessions"] == 2


def test_every_value_is_a_finite_float():
    assert all(type(value) is float and math.isfinite(value) for value in metrics().values())


def test_a_fold_without_trades_leaves_out_what_is_not_defined():
    seen = metrics(trades=trades([], 0.0), daily_returns=np.zeros(4))
    assert seen["financial_round_trips"] == 0
    assert seen["financial_total_return"] == 0
    assert "financial_sharpe_ratio" not in seen
    assert "financial_hit_rate" not in seen


def test_a_fold_without_decisions_has_no_prediction_measures():
    nothing = np.array([])
    seen = metrics(y=nothing.astype(np.int8), probability=nothing, realised=nothing)
    assert [name for name in seen if name.startswith("prediction_")] == ["prediction_rows"]
