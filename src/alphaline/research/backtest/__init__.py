"""Backtests of a study's decisions: one account, the live trading code, every cost in money.

`backtest` takes what a trial's folds decided in their test spans through
``alphaline.trading.simulation`` and returns a `BacktestRun`.
"""

from alphaline.research.backtest.limits import risk_profile
from alphaline.research.backtest.run import BacktestRun, backtest, backtest_on

__all__ = ["BacktestRun", "backtest", "backtest_on", "risk_profile"]
