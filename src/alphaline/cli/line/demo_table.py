"""What a demo showed, as a table for a terminal."""

from collections.abc import Iterator

from rich.table import Table

from alphaline.cli.line.demo_run import Demo
from alphaline.cli.report.summary import Summary, in_major

MARKS = {True: "[green]yes[/green]", False: "[red]NO[/red]", None: ""}


def demo_table(demo: Demo) -> Table:
    """Return the table: what happened in numbers, then what was shown."""
    table = Table(title="What the demo showed, on recorded data", title_justify="left")
    table.add_column("what")
    table.add_column("seen")
    table.add_column("holds", justify="center")
    for what, seen in rows(demo.summary):
        table.add_row(what, seen, "")
    table.add_section()
    for one in demo.summary.shown:
        table.add_row(one.what, one.seen, MARKS[one.holds])
    return table


def rows(summary: Summary) -> Iterator[tuple[str, str]]:
    """Yield what happened, each number as it stands in ``summary.json``."""
    span, signals, trading, money = summary.span, summary.signals, summary.trading, summary.money
    yield (
        "recorded data",
        f"{span.ticker}, {span.first_session} to {span.last_session}: {span.bars:,} bars in "
        f"{span.sessions} sessions",
    )
    yield "signals", f"{signals.approved:,} approved, {signals.denied:,} denied"
    for code, count in signals.reasons.items():
        yield f"  denied, {code}", f"{count:,}"
    yield "orders", ", ".join(f"{count:,} {state}" for state, count in trading.orders.items())
    exits = ", ".join(f"{count} by {reason}" for reason, count in trading.exits.items())
    yield "fills", f"{trading.fills:,}; {trading.closed} round trips closed: {exits}"
    yield (
        "net result",
        f"{in_major(money.profit_minor, money.currency)} ({money.profit:+.2%}), buy and hold "
        f"{money.buy_and_hold_profit:+.2%}",
    )
    yield (
        "deepest drawdown",
        f"{money.max_drawdown:.2%}, buy and hold {money.buy_and_hold_max_drawdown:.2%}",
    )
    latency = summary.latency
    if latency.p50_ms is not None:
        yield (
            "latency, clock record to signal",
            f"p50 {latency.p50_ms:.0f} ms, p99 {latency.p99_ms:.0f} ms over {latency.signals} signals",
        )
    go = "GO" if summary.model.is_go else "NO-GO"
    yield (
        "gate",
        f"{summary.model.verdict}: {go}, so the model trades as {summary.model.lane}",
    )
