"""The page: verdict and figures first, then pictures, trades, folds, and what is behind them."""

from collections.abc import Mapping, Sequence
from html import escape

from alphaline.research.backtest.measures import shown_measures
from alphaline.research.backtest.run import BacktestRun
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.backtest_report.cells import gained, interval, money, number, percent
from alphaline.research.backtest_report.evidence import (
    bridge_section,
    figures_section,
    gate_section,
    verdict_box,
)
from alphaline.research.backtest_report.folds import folds_section
from alphaline.research.backtest_report.months import monthly_table
from alphaline.research.backtest_report.terms import assumptions_section, provenance_section
from alphaline.research.backtest_report.trading import (
    costs_section,
    decisions_section,
    trades_section,
)
from alphaline.research.backtest_report.trials import trials_section
from alphaline.research.comparison import Table
from alphaline.research.pages import Picture, document, figure
from alphaline.research.study import StudyResult


def page(
    study: StudyResult,
    run: BacktestRun,
    summary: BacktestSummary,
    pictures: Mapping[str, Picture],
    comparison: Sequence[Table],
) -> str:
    """Return the HTML document."""
    title = f"Alphaline backtest: {summary.strategy_id}"
    drawn = {name: figure(one) for name, one in pictures.items()}
    return document(
        title,
        (
            f"<h1>{escape(title)}</h1>",
            _lead(summary, run),
            verdict_box(study.verdict),
            _tiles(summary),
            drawn["equity"],
            drawn["drawdown"],
            monthly_table(run.series),
            figures_section(summary, study, shown_measures(run)),
            bridge_section(summary),
            drawn["exposure"],
            decisions_section(summary, run),
            trades_section(summary, run),
            costs_section(summary, run),
            drawn.get("predictions", ""),
            folds_section(study, run),
            gate_section(study),
            *(trials_section(one, study.trial_id) for one in comparison),
            assumptions_section(run),
            provenance_section(study, run),
        ),
    )


def _lead(summary: BacktestSummary, run: BacktestRun) -> str:
    bars = "one-minute bars" if run.strategy.bars == "1m" else "daily bars"
    return (
        f'<p class="lead">Model {escape(summary.model)} on the features {escape(summary.feature_set)}, '
        f"fitted walk-forward ({escape(summary.fold_set)} folds), decided on recorded {bars} of "
        f"{escape(', '.join(summary.instruments))}. Tested out of sample on {summary.sessions:,} sessions from "
        f"{summary.first_session} to {summary.last_session} (dates of the exchange's calendar), with a paper "
        f"account of {money(summary.capital, summary.currency)}; no order left this machine.</p>"
    )


def _tiles(summary: BacktestSummary) -> str:
    sharpe = summary.intervals["sharpe_ratio"]
    costs = sum(summary.costs.values())
    closed = summary.trades - summary.open_trades
    held = summary.benchmark.get("total_return")
    tiles = [
        (
            gained(summary.measures.get("total_return")),
            f"account after costs: {money(summary.net_profit, summary.currency)}",
        ),
        (
            number(sharpe.estimate),
            f"Sharpe ratio a year, of {summary.sessions:,} sessions; 95 %: "
            f"{interval(sharpe, 'ratio') or 'not defined'}",
        ),
        (percent(summary.measures.get("maximum_drawdown")), "deepest drawdown of the account"),
        (gained(held), "buy and hold, equal parts, without costs"),
        (f"{summary.winners:,} of {closed:,}", "closed trades with a profit"),
        (money(costs, summary.currency), "paid in spread, slippage, fees and borrow"),
    ]
    cells = (
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what in tiles
    )
    return f'<div class="tiles">{"".join(cells)}</div>'
