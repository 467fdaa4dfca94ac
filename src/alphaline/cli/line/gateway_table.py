"""The status of a line as its gateway tells it, and how that reads."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from alphaline.cli.line.status_table import duration, in_force_lines, instant

if TYPE_CHECKING:
    from alphaline.runtime.gateway_status import GatewayStatus

COLUMNS = ("part", "ready", "line time", "behind")
# Whose clock records the gateway follows. Of the other parts it knows what they answer, or nothing.
MARKET = "market.observations.v1"
TELLING: Mapping[str, tuple[str, ...]] = {
    "market_data": (MARKET,),
    "signal_generation": ("signals.approved.v1", "signals.denied.v1"),
    "paper_trading": ("trading.orders.v1", "trading.fills.v1", "trading.positions.v1"),
}


def status_behind(url: str) -> dict[str, Any]:
    """Return everything that the gateway at ``url`` tells; LineError where it tells nothing."""
    import msgspec

    from alphaline.runtime.gateway_status import base_url, gateway_status

    told = gateway_status(url)
    return {
        "up": True,
        "gateway": base_url(url),
        "parts": part_rows(told),
        "kill_switch": msgspec.to_builtins(told.kill_switch),
        "models": [msgspec.to_builtins(model) for model in told.deployed],
        "signals": {
            "kept": told.signals_kept,
            "approved": told.signals_approved,
            "denied": told.signals_denied,
            "last_line_time_s": _seconds(told.last_signal_line_time),
        },
    }


def part_rows(told: "GatewayStatus") -> list[dict[str, Any]]:
    """Return what is known of each part, in the order of the flow.

    ``ready`` is None where the gateway cannot tell; ``behind_s`` is line time behind the market's clock.
    """
    times = {
        part: min(told.line_times.get(topic, 0) for topic in topics)
        for part, topics in TELLING.items()
    }
    market = times["market_data"]
    return [
        _row("market_data", None, market, market),
        _row("signal_generation", None, times["signal_generation"], market),
        _row("risk_management", told.kill_switch is not None, 0, market),
        _row("paper_trading", None, times["paper_trading"], market),
        _row("ledger", told.ledger_line_time is not None, told.ledger_line_time or 0, market),
        _row("gateway", told.is_ready, 0, market),
    ]


def show_behind(found: Mapping[str, Any]) -> None:
    """Print it for people."""
    from rich.console import Console

    console = Console()
    console.print(gateway_table(found["parts"]))
    for line in gateway_lines(found):
        console.print(line, highlight=False)


def gateway_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the parts as a table, one row each; what the gateway cannot tell is left empty."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    for row in rows:
        ready = {None: "", True: "yes", False: "no"}[row["ready"]]
        behind = "" if row["behind_s"] is None else duration(row["behind_s"])
        table.add_row(row["part"], ready, instant(row["line_time_s"]), behind)
    return table


def gateway_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what concerns the line as a whole: address, kill switch, models, signals."""
    yield f"gateway {found['gateway']}"
    yield from in_force_lines(found)
    signals = found["signals"]
    counts = f"{signals['kept']:,} kept by the gateway"
    if signals["approved"] is not None:
        counts += f", {signals['approved']:,} approved and {signals['denied']:,} denied"
    last = instant(signals["last_line_time_s"])
    yield f"signals: {counts}" + (f", the last at {last}" if last else "")


def _row(part: str, ready: bool | None, line_time: int, market: int) -> dict[str, Any]:
    # The log gives no order between partitions of two topics: one may be read before the market's.
    behind = max(market - line_time, 0) / 1e9 if line_time and market else None
    return {
        "part": part,
        "ready": ready,
        "line_time_s": _seconds(line_time or None),
        "behind_s": behind,
    }


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
