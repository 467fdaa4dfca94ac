"""Backtests of a study's decisions: one account, the live trading code, every cost in money.

`backtest` takes what a trial's folds decided in their test spans through
``alphaline.trading.simulation`` and returns a `BacktestRun`; `bridge` says why it differs from what the
study counts, `backtest_measures` and `backtest_headlines` what it is worth.
"""

from alphaline.research.backtest.bridge import bridge
from alphaline.research.backtest.limits import risk_profile
from alphaline.research.backtest.measures import backtest_headlines, backtest_measures
from alphaline.research.backtest.run import BacktestRun, backtest, backtest_on

__all__ = [
    "BacktestRun",
    "backtest",
    "backtest_headlines",
    "backtest_measures",
    "backtest_on",
    "bridge",
    "risk_profile",
]
