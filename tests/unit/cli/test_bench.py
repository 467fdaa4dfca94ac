"""The frame of `alphaline bench`: what it runs, keeps, shows, and when it fails."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from alphaline.cli import bench
from alphaline.cli.__main__ import app
from alphaline.cli.sizing import BROKER, SINGLE_WRITERS, WORKERS, costs
from tests.performance.bench_line_throughput import Block, _results


def result(name: str, goal: float | None, holds: bool) -> dict[str, Any]:
    numbers = {"ours": 2.0, "reference": None, "ratio": None, "goal": goal}
    return {"name": name, **numbers, "unit": "ms", "holds": holds, "runs": [1.0, 3.0]}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Two benchmarks whose results a test sets."""
    found: dict[str, list[dict[str, Any]]] = {"one": [], "two": []}
    for name, results in found.items():
        module = ModuleType(f"benchmark_{name}")
        module.run = lambda results=results: results  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(bench, "BENCHMARKS", {name: f"benchmark_{name}" for name in found})
    return found


def test_every_benchmark_of_the_table_is_there() -> None:
    assert [name for name, module in bench.BENCHMARKS.items() if find_spec(module) is None] == []


@pytest.mark.parametrize(
    ("goal", "holds", "code"), [(2.0, True, 0), (None, False, 0), (2.0, False, 1)]
)
def test_only_a_missed_goal_fails_the_command(
    measured: dict[str, list[dict[str, Any]]],
    goal: float | None,
    holds: bool,
    code: int,
    tmp_path: Path,
) -> None:
    measured["one"].append(result("fast", 1.0, True))
    measured["two"].append(result("slow", goal, holds))
    done = CliRunner().invoke(app, ["bench", "--json", "--out", str(tmp_path)])
    assert done.exit_code == code
    found = json.loads(done.stdout)
    assert found["holds"] is (code == 0)
    assert found["missed"] == (["slow"] if code else [])
    assert json.loads((tmp_path / "two.json").read_text()) == measured["two"]


def test_a_named_benchmark_runs_alone_and_is_shown(
    measured: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    measured["two"].append(result("alone", 5.0, False))
    done = CliRunner().invoke(app, ["bench", "two", "--out", str(tmp_path)], env={"COLUMNS": "120"})
    assert [path.name for path in tmp_path.iterdir()] == ["two.json"]
    assert "alone" in done.stdout
    assert "NO" in done.stdout
    assert "goal missed: alone" in done.stdout


def test_an_unknown_benchmark_is_refused(
    measured: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["bench", "three", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("many_us", "missed"), [(119.0, 0), (121.0, 1)])
def test_a_bar_that_costs_a_fifth_more_at_many_instruments_misses_the_goal(
    many_us: float, missed: int
) -> None:
    processes = dict.fromkeys((BROKER, *WORKERS, *SINGLE_WRITERS), 16.0)
    few = [Block(wall, processes) for wall in (100.0, 90.0, 110.0)]
    many = [block._replace(wall_us=block.wall_us * many_us / 100) for block in few]
    rows = _results("a load", few, many)
    assert [bench.is_missed(row) for row in rows].count(True) == missed
    assert rows[0]["ratio"] == pytest.approx(many_us / 100)
    assert [round(row["ours"]) for row in rows if row["unit"].startswith("bars/s")] == [
        10_000,
        round(1e8 / many_us / 100),
    ]
    assert rows[1]["ours"] == 64.0  # of the services: the broker's share is a row of its own
    assert costs(rows, "a load").processor == processes
