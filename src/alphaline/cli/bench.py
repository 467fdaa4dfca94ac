"""`alphaline bench`: measure the line on this machine; a missed goal is exit code 1."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alphaline.cli.output import AsJson, answer, progress

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(add_completion=False)

Result = dict[str, Any]

# In the order of the line. Each module has `run() -> list[Result]`; they stay with the tests because
# they import what no command needs: the peers that they measure against.
BENCHMARKS = {
    "features": "tests.performance.bench_features",
    "feature_history": "tests.performance.bench_feature_history",
    "online_write": "tests.performance.bench_online_write",
    "online_redis": "tests.performance.bench_online_redis",
    "journal": "tests.performance.bench_journal",
    "walk_forward": "tests.performance.bench_walk_forward",
    "backtest": "tests.performance.bench_backtest",
    "model_servers": "tests.performance.bench_model_servers",
    "line_latency": "tests.performance.bench_line_latency",
    "line_throughput": "tests.performance.bench_line_throughput",
}


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Of {', '.join(BENCHMARKS)}; none: all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results; default: bench/ of this home.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure ours beside a reference in alternating blocks of one run; ratios are what counts."""
    from alphaline.runtime.places import home

    results = measure(chosen(names), out or home() / "bench")
    missed = [row["name"] for rows in results.values() for row in rows if is_missed(row)]
    if not as_json:
        _show(results)
    payload = {"holds": not missed, "missed": missed, "benchmarks": results}
    answer(payload, [f"goal missed: {name}" for name in missed], as_json=as_json)
    raise typer.Exit(1 if missed else 0)


def chosen(names: Sequence[str] | None) -> list[str]:
    """Return the benchmarks of these names, all where none is given; BadParameter for an unknown one."""
    unknown = [name for name in names or () if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(
            f"expected names of {', '.join(BENCHMARKS)}, saw {', '.join(unknown)}"
        )
    return list(names or BENCHMARKS)


def measure(names: Iterable[str], folder: Path) -> dict[str, list[Result]]:
    """Run the benchmarks one after the other and keep each one's results in ``<folder>/<name>.json``."""
    import json
    from importlib import import_module

    folder.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in names:
        progress(f"bench {name}")
        results[name] = import_module(BENCHMARKS[name]).run()
        (folder / f"{name}.json").write_text(json.dumps(results[name], indent=2) + "\n")
    return results


def is_missed(result: Result) -> bool:
    """Return whether a result has a goal that it does not reach."""
    return result["goal"] is not None and not result["holds"]


def _show(results: dict[str, list[Result]]) -> None:
    from rich.console import Console

    console = Console()
    for name, rows in results.items():
        console.print(_table(name, rows))


def _table(name: str, rows: list[Result]) -> "Table":
    from rich.table import Table

    table = Table(title=name, title_justify="left")
    table.add_column("name", ratio=3)
    for column in ("ours", "reference", "ratio", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("holds")
    table.add_column("unit", ratio=2)
    for row in rows:
        numbers = (_number(row[key]) for key in ("ours", "reference", "ratio", "goal"))
        table.add_row(row["name"], *numbers, _verdict(row), row["unit"])
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _verdict(row: Result) -> str:
    return "-" if row["goal"] is None else "yes" if row["holds"] else "NO"
