"""How the status of a line reads."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

COLUMNS = ("part", "state", "pid", "up", "port", "ready", "line time", "behind")


def status_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the parts as a table, one row each."""
    # Without a frame it fits into 80 columns.
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def status_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what concerns the line as a whole: addresses, kill switch, models in force."""
    yield f"gateway {found['gateway']}   Kafka {found['kafka']}"
    yield from in_force_lines(found)


def in_force_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the kill switch and the models in force."""
    switch = found["kill_switch"]
    if switch is None:
        yield "kill switch: unknown, risk does not answer"
    elif switch["engaged"]:
        yield f"kill switch: ENGAGED by {switch['by']}: {switch['reason']}"
    else:
        yield "kill switch: not engaged"
    for model in found["models"]:
        yield (
            f"model: {model['model_name']} {model['model_version']} as {model['lane']} of "
            f"{model['strategy_id']}, gate {model['verdict']}, digest {model['model_digest'][:12]}"
        )
    if not found["models"]:
        yield "model: none deployed, so nothing is signalled"


def duration(seconds: float) -> str:
    """Return a duration as people read it: ``1h 02m``, ``3m 04s`` or ``5s``."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 60}m {whole % 60:02d}s" if whole >= 60 else f"{whole}s"


def instant(seconds: float | None) -> str:
    """Return seconds since 1970 as a UTC minute, ``2011-03-01 14:31``; empty for None."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    behind = row["records_behind"]
    return [
        row["part"],
        row["state"],
        str(row["pid"] or ""),
        duration(row["uptime_s"]),
        str(row["port"]),
        "yes" if row["ready"] else "no",
        instant(row["line_time_s"]),
        "" if behind is None else str(behind),
    ]
