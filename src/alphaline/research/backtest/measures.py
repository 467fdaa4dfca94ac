"""Measures of a simulated account, by the catalogue's own functions."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alphaline.metrics.catalogue import MEASURES
from alphaline.metrics.intervals import headline_intervals
from alphaline.research.backtest.run import BacktestRun, trade_costs
from alphaline.research.study import BOOTSTRAP_SEED, Headline, headline
from alphaline.validation.marked_returns import regular_ns

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

# What a report shows of an account whose strategy file states no measures.
USUAL = (
    *("total_return", "compound_annual_growth_rate", "annual_volatility", "sharpe_ratio"),
    *("sortino_ratio", "calmar_ratio", "maximum_drawdown", "longest_drawdown_sessions"),
    *("profit_factor", "hit_rate", "turnover", "exposure", "cost_share", "alpha", "beta"),
    *("value_at_risk_95", "conditional_value_at_risk_95", "tail_ratio"),
)


def backtest_measures(run: BacktestRun) -> dict[str, float]:
    """Return every financial and risk measure that the account's history defines, by name.

    Returns are the account's own per session, the benchmark is buy and hold of the same instruments,
    and trades count with their profit in money once they are closed. A measure that is not defined
    (no loss to divide by, no trade), or that needs a second study, is left out.
    """
    return _of(inputs(run))


def benchmark_measures(run: BacktestRun) -> dict[str, float]:
    """Return the measures of buy and hold that need nothing but its returns."""
    return _of({"returns": run.series.benchmark_returns})


def study_measures(run: BacktestRun) -> dict[str, float]:
    """Return the measures of the study's returns that need nothing else but the benchmark's."""
    return _of({"returns": run.study_returns, "benchmark": run.series.benchmark_returns})


def shown_measures(run: BacktestRun) -> tuple[str, ...]:
    """Return which measures a person sees: the usual ones, then those that the strategy file adds."""
    research = run.strategy.research
    stated = research.measures if research is not None else ()
    of_account = (name for name in stated if MEASURES[name].family != "prediction")
    return tuple(dict.fromkeys((*USUAL, *of_account)))


def backtest_headlines(run: BacktestRun) -> dict[str, Headline]:
    """Return the headline figures of the account's returns with their 95 % intervals."""
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return {k: headline(one) for k, one in headline_intervals(run.series.returns, rng).items()}


def inputs(run: BacktestRun) -> dict[str, Any]:
    """Return the inputs of measures: returns, benchmark, closed trades, turnover, time with a position."""
    trades = run.trades()
    closed = trades["exit_at"] >= 0
    opened, closes = _hours(run)
    return {
        "returns": run.series.returns,
        "benchmark": run.series.benchmark_returns,
        "trades": trades["net"][closed].astype(np.float64),
        "gross": trades["gross"][closed].astype(np.float64),
        "costs": trade_costs(trades)[closed].astype(np.float64),
        "traded": run.series.traded,
        "held_ns": _held_ns(run, opened, closes) / len(run.instruments),
        "open_ns": int((closes - opened).sum()),
    }


def _of(known: dict[str, Any]) -> dict[str, float]:
    found = {
        name: one.of(known)
        for name, one in MEASURES.items()
        if one.family != "prediction" and set(one.inputs) <= set(known)
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _hours(run: BacktestRun) -> tuple[Times, Times]:
    table = run.result.market.sessions
    index = np.searchsorted(table.session, run.series.sessions)
    return table.open[index], table.close[index]


def _held_ns(run: BacktestRun, opened: Times, closes: Times) -> int:
    trades = run.trades()
    last = np.int64(run.result.market.end[-1])
    ended = np.where(trades["exit_at"] < 0, last, trades["exit_at"])
    spans = [
        _united(trades["entry_at"][own], ended[own])
        for own in (trades["instrument"] == name for name in run.instruments)
        if own.any()
    ]
    return sum(regular_ns(began, until, opened, closes) for began, until in spans)


def _united(began: Times, ended: Times) -> tuple[Times, Times]:
    # Two trades at one time are one time with a position.
    order = np.argsort(began, kind="stable")
    began, until = began[order], np.maximum.accumulate(ended[order])
    is_new = np.r_[True, began[1:] > until[:-1]]
    return began[is_new], until[np.r_[np.flatnonzero(is_new)[1:] - 1, len(until) - 1]]
