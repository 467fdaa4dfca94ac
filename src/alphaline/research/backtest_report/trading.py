"""What was decided, refused, traded and paid."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from alphaline.research.backtest.run import BacktestRun, trade_costs
from alphaline.research.backtest.summary import BacktestSummary
from alphaline.research.backtest_report.cells import instant, money, number, percent, row
from alphaline.research.pages import table

# Rows that a page still shows well; the tracked run keeps all of them.
SHOWN_TRADES = 30
_SIDES = {1: "long", -1: "short"}
_OUTCOMES = {
    "APPROVED": "approved: an entry order worked",
    "DENIED": "denied by risk",
    "QUANTITY_ZERO": "too small: less than one lot at the target size",
    "PENDING": "never judged: the bars ended before",
}


def decisions_section(summary: BacktestSummary, run: BacktestRun) -> str:
    """Return the way from test decisions to trades, with every code of refusal."""
    passed = summary.opening - summary.asked
    steps = [
        ("test decisions of the model", summary.decided),
        ("beyond an entry threshold, and sure to end within the tested sessions", summary.opening),
        ("passed over: a position of the instrument was open", passed),
        ("asked of risk", summary.asked),
        *((_OUTCOMES.get(name, name), count) for name, count in summary.outcomes.items()),
        ("entered: at least one fill", summary.trades),
    ]
    counted = table(("Decisions", "#Number"), (row((what,), (f"{n:,}",)) for what, n in steps))
    return f"<section><h2>From decision to trade</h2>{counted}{_denials(summary, run)}</section>"


def costs_section(summary: BacktestSummary, run: BacktestRun) -> str:
    """Return the costs by kind, in money and against capital and turnover."""
    traded = float(run.series.traded.sum()) * summary.capital
    kinds = {
        "spread": "half the quoted spread on each side",
        "slippage": "beyond the quote, with the rounding to the worse tick",
        "fees": "per unit traded",
        "borrow": "for what was sold short, by the night",
    }
    total = sum(summary.costs.values())
    rows = [
        *(_cost(f"{name}: {why}", summary.costs[name], summary, traded) for name, why in kinds.items()),
        _cost("all costs", total, summary, traded),
    ]  # fmt: skip
    head = ("Kind", "#Paid", "#Of the capital", "#Basis points of value traded")
    return (
        f"<section><h2>Costs</h2><p>{money(traded, summary.currency)} were bought and sold over the span. "
        f"Known dividends brought {money(summary.dividends, summary.currency, 2)} net of those paid on "
        f"shorts.</p>{table(head, rows)}</section>"
    )


def trades_section(summary: BacktestSummary, run: BacktestRun) -> str:
    """Return the trades by exit reason, side and instrument, and the largest of them one by one."""
    trades = run.trades()
    if not len(trades["net"]):
        return "<section><h2>Trades</h2><p>Nothing was traded.</p></section>"
    head = ("Trades", "#Number", "#With a profit", "#Net", "#Net a trade", "#Median time held")
    groups = table(head, _groups(summary, run))
    shown = np.argsort(-np.abs(trades["net"]), kind="stable")[:SHOWN_TRADES]
    which = (
        f"The {len(shown)} largest of {len(trades['net']):,} by profit or loss, largest first; the tracked "
        "run keeps all of them."
        if len(shown) < len(trades["net"])
        else "All of them, the largest profit or loss first."
    )
    return (
        f"<section><h2>Trades</h2>{groups}<p>{which} Times are UTC: the start of the entry bar and the end "
        f"of the exit bar, within which the moment of a stop or target is not known. Prices are those of the day, per unit in {summary.currency}, spread and slippage "
        "included; net is after all costs, with dividends.</p>"
        f"{_largest(summary, run, shown)}</section>"
    )


def _denials(summary: BacktestSummary, run: BacktestRun) -> str:
    profile = run.profile.risk_profile
    if not summary.denials:
        return f"<p>The limits of the risk profile {profile} refused nothing.</p>"
    rows = (row((code,), (f"{count:,}",)) for code, count in summary.denials.items())
    return (
        f"<p>Refused under the risk profile {profile}, by code; one decision may have several.</p>"
        f"{table(('Code', '#Decisions'), rows)}"
    )


def _cost(what: str, paid: float, summary: BacktestSummary, traded: float) -> str:
    points = number(1e4 * paid / traded) if traded else ""
    return row((what,), (money(paid, summary.currency, 2), percent(paid / summary.capital), points))


def _groups(summary: BacktestSummary, run: BacktestRun) -> Iterator[str]:
    trades = run.trades()
    everything = np.ones(len(trades["net"]), np.bool_)
    yield _group("all", everything, summary, run)
    for reason in dict.fromkeys((*summary.exits, *trades["exit_reason"].tolist())):
        words = "still open" if reason == "OPEN" else f"ended by {reason}"
        yield _group(words, trades["exit_reason"] == reason, summary, run)
    for side, name in _SIDES.items():
        yield _group(name, trades["side"] == side, summary, run)
    for instrument in run.instruments:
        yield _group(instrument, trades["instrument"] == instrument, summary, run)


def _group(name: str, own: NDArray[np.bool_], summary: BacktestSummary, run: BacktestRun) -> str:
    trades = run.trades()
    net = trades["net"][own] / run.result.minor_per_major
    if not net.size:
        return row((name,), ("0", "", "", "", ""))
    closed = own & (trades["exit_at"] >= 0)
    lives = (trades["exit_at"] - trades["entry_at"])[closed]
    held = _lasted(int(np.median(lives))) if lives.size else ""
    return row(
        (name,),
        (
            f"{net.size:,}",
            percent(float(np.mean(net > 0)), 1),
            money(float(net.sum()), summary.currency),
            money(float(net.mean()), summary.currency, 2),
            held,
        ),
    )


def _lasted(ns: int) -> str:
    span = timedelta(microseconds=ns // 1_000)
    days = span.total_seconds() / 86_400
    return f"{days:.1f} days" if days >= 1 else f"{span.total_seconds() / 60:.0f} minutes"


def _largest(summary: BacktestSummary, run: BacktestRun, shown: NDArray[np.intp]) -> str:
    head = (
        *("Instrument", "Side", "#Units", "#Entered", "#At", "#Left", "#At", "#Net", "#Costs"),
        "Ended by",
    )
    trades, scale = run.trades(), run.result.minor_per_major
    costs = trade_costs(trades)
    rows = (
        row(
            (trades["instrument"][at], _SIDES[int(trades["side"][at])]),
            (
                f"{trades['quantity'][at]:,}",
                instant(int(trades["entry_at"][at])),
                number(float(trades["entry_price"][at])),
                instant(int(trades["exit_at"][at])) if trades["exit_at"][at] >= 0 else "open",
                number(float(trades["exit_price"][at])) if trades["exit_at"][at] >= 0 else "",
                money(float(trades["net"][at]) / scale, summary.currency, 2),
                money(float(costs[at]) / scale, summary.currency, 2),
            ),
            (str(trades["exit_reason"][at]),),
        )
        for at in shown
    )
    return table(head, rows)
