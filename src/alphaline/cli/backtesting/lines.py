"""A backtest as a terminal shows it."""

from alphaline.metrics.catalogue import MEASURES
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.backtest_report.cells import (
    in_words,
    interval,
    measured,
    money,
    percent,
)

_SHOWN = (
    *("total_return", "compound_annual_growth_rate", "sharpe_ratio", "maximum_drawdown"),
    *("hit_rate", "turnover", "exposure", "alpha", "beta"),
)


def lines(summary: BacktestSummary) -> list[str]:
    """Return the headline figures of account, study and benchmark, then verdict, trades and costs."""
    verdict, currency = summary.verdict, summary.currency
    failed = [f"{one.fold_set} {in_words(one.check)}" for one in verdict.reasons if not one.holds]
    refused = ", ".join(f"{code} {count:,}" for code, count in summary.denials.items())
    paid = ", ".join(f"{name} {money(paid, '')}".strip() for name, paid in summary.costs.items())
    return [
        f"{summary.strategy_id}: {summary.model} on {summary.feature_set}, {summary.fold_set} folds, "
        f"{summary.sessions:,} sessions {summary.first_session} to {summary.last_session}",
        *_table(summary),
        f"gate        {verdict.outcome}, N = {verdict.trials_counted:,}"
        + (f"; does not hold: {', '.join(failed)}" if failed else ""),
        f"trades      {summary.trades:,} of {summary.asked:,} asked for; refused: {refused or 'none'}",
        f"costs       {money(sum(summary.costs.values()), currency)} ({paid}), "
        f"{percent(sum(summary.costs.values()) / summary.capital)} of the capital",
        f"net profit  {money(summary.net_profit, currency)} on {money(summary.capital, currency)}",
    ]


def _table(summary: BacktestSummary) -> list[str]:
    rows = [("", "account", "95 % interval", "study", "buy and hold")]
    for name in _SHOWN:
        unit = MEASURES[name].unit
        columns = (summary.measures, summary.study, summary.benchmark)
        account, study, held = (measured(one[name], unit) if name in one else "" for one in columns)
        rows.append(
            (in_words(name), account, interval(summary.intervals.get(name), unit), study, held)
        )
    widths = [max(len(one[place]) for one in rows) for place in range(len(rows[0]))]
    return [
        "  " + "  ".join([one[0].ljust(widths[0]), *map(str.rjust, one[1:], widths[1:])]).rstrip()
        for one in rows
    ]
