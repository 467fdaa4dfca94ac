"""`alphaline verify gate`: what holds holds, a gate that is too weak or too strict is seen, docs show what was found."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.cli.verification import gate, gate_cells, gate_luck, gate_speed
from alphaline.cli.verification.gate import GatePlan, figures, verify_gate
from alphaline.cli.verification.gate_cells import Bar, Cell, cells
from alphaline.cli.verification.gate_pictures import draw
from alphaline.cli.verification.gate_table import page_tables
from alphaline.runtime.places import checkout
from alphaline.validation.gate_simulation import SimulatedSearch
from alphaline.validation.gate_thresholds import gate_v1, thresholds_digest

DOCS = checkout() / "docs"
RECORD = DOCS / "gate_simulation.json"


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return recorded


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave two short cells, and draw little for luck and speed."""
    noise = Cell(
        name="noise",
        kind="noise",
        search=SimulatedSearch(years=1, trials=20),
        bar=Bar(bound="upper", relation="<=", share=0.3),
    )
    planted = Cell(
        name="planted",
        kind="planted",
        search=SimulatedSearch(years=3, trials=20, with_edge=10, edge_sharpe=4.0),
        bar=Bar(bound="lower", relation=">=", share=0.7),
    )
    monkeypatch.setattr(gate, "cells", lambda: (noise, planted))
    monkeypatch.setattr(gate_luck, "SESSIONS", (12, 63))
    monkeypatch.setattr(gate_speed, "SESSIONS", 252)
    monkeypatch.setattr(gate_speed, "REPETITIONS", 3)


def plan(**changes: Any) -> GatePlan:
    return GatePlan(gate_v1(), 30, 7, 1)._replace(**changes)


def test_the_cells_are_those_that_the_gate_is_held_to() -> None:
    by_kind = Counter(cell.kind for cell in cells())
    assert (by_kind["noise"], by_kind["undisciplined"], by_kind["planted"]) == (10, 1, 4)
    noise = [cell.search for cell in cells() if cell.kind == "noise"]
    assert {(s.years, s.correlation) for s in noise} == {
        (years, correlation) for years in (1, 2, 3, 5, 10) for correlation in (0.0, 0.5)
    }
    # Noise has it as easy as it can: one series in both fold sets.
    assert {(s.trials, s.with_edge, s.fold_set_correlation) for s in noise} == {(200, 0, 1.0)}
    planted = [cell.search for cell in cells() if cell.kind == "planted"]
    assert [s.with_edge for s in planted] == [1, 20, 100, 200]
    assert {(s.years, s.edge_sharpe) for s in planted} == {(10, 2.0)}
    assert len({cell.name for cell in cells()}) == len(cells())


@pytest.mark.parametrize(
    ("bar", "passes", "holds"),
    [
        (gate_cells.NOISE_BAR, 38, True),
        (gate_cells.NOISE_BAR, 40, False),
        (gate_cells.UNDISCIPLINED_BAR, 325, True),
        (gate_cells.UNDISCIPLINED_BAR, 310, False),
        (gate_cells.PLANTED_BAR, 825, True),
        (gate_cells.PLANTED_BAR, 810, False),
    ],
)
def test_a_bar_is_met_by_the_bound_that_works_against_it(
    bar: Bar, passes: int, holds: bool
) -> None:
    cell = Cell(name="any", kind="noise", search=SimulatedSearch(years=1), bar=bar)
    assert figures(cell, Counter(searches=1000, passes=passes))["holds"] is holds


def test_what_meets_its_bars_holds(few_cells: None) -> None:
    found = verify_gate(plan())
    assert found["holds"]
    assert found["missed"] == []
    assert [cell["searches"] for cell in found["cells"]] == [30, 30]
    assert found["cells"][0]["passes"] <= 2
    assert found["cells"][0]["refused_by"]["deflated_sharpe"] > 0.5
    assert found["cross_validation"]["same_probability_of_loss"]


def test_a_gate_that_lets_luck_through_is_seen(few_cells: None) -> None:
    weak = msgspec.structs.replace(
        gate_v1(),
        sharpe_above=0.0,
        parts=1,
        deflated_sharpe_at_least=0.0,
        probability_of_loss_at_most=1.0,
    )
    found = verify_gate(plan(thresholds=weak))
    assert not found["holds"]
    assert found["missed"] == ["noise"]
    assert found["thresholds_digest"] == thresholds_digest(weak)


def test_a_gate_that_refuses_every_edge_is_seen(few_cells: None) -> None:
    found = verify_gate(plan(thresholds=msgspec.structs.replace(gate_v1(), sharpe_above=9.0)))
    assert found["missed"] == ["planted"]


def test_the_answer_does_not_depend_on_the_number_of_processes(few_cells: None) -> None:
    # The cells travel with the tasks, so that a process of its own needs no replaced function.
    alone, together = (verify_gate(plan(workers=workers)) for workers in (1, 2))
    for found in (alone, together):
        del found["cross_validation"]
    assert alone == together


def test_progress_ends_at_all(few_cells: None) -> None:
    told: list[tuple[int, int]] = []
    verify_gate(plan(searches=30), lambda done, total: told.append((done, total)))
    assert told[-1] == (30 * 252 * 4, 30 * 252 * 4)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_command_judges_by_thresholds_of_ones_own(few_cells: None, tmp_path: Path) -> None:
    file = tmp_path / "weak.yaml"
    weak = {**msgspec.to_builtins(gate_v1()), "version": "weak", "deflated_sharpe_at_least": 0.0}
    file.write_bytes(msgspec.yaml.encode({**weak, "probability_of_loss_at_most": 1.0}))
    options = ["--searches", "30", "--workers", "1", "--thresholds", str(file), "--json"]
    done = CliRunner().invoke(app, ["verify", "gate", *options])
    found = json.loads(done.stdout)
    assert found["thresholds"]["version"] == "weak"
    assert done.exit_code == (0 if found["holds"] else 1)


def test_an_earlier_answer_is_shown_and_drawn_again(record: dict[str, Any], tmp_path: Path) -> None:
    options = ["--found", str(RECORD), "--pictures", str(tmp_path)]
    done = CliRunner().invoke(app, ["verify", "gate", *options])
    assert done.exit_code == (0 if record["holds"] else 1)
    assert f"holds: {record['holds']}" in done.stdout
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {f"gate-{name}.png" for name in ("noise", "edge", "power", "luck")}
    assert written <= {path.name for path in (DOCS / "images").iterdir()}


def test_every_picture_shows_what_was_found(record: dict[str, Any], tmp_path: Path) -> None:
    changes = {"share": 0.5, "lower_bound": 0.4, "upper_bound": 0.6, "forms": {}}
    other = {**record, "cells": [{**cell, **changes} for cell in record["cells"]]}
    for before, after in zip(
        draw(record, tmp_path / "a"), draw(other, tmp_path / "b"), strict=True
    ):
        assert (before.read_bytes() != after.read_bytes()) == (before.stem != "gate-luck")


def test_the_page_shows_the_recorded_run(record: dict[str, Any]) -> None:
    page = (DOCS / "gate.md").read_text(encoding="utf-8")
    for name, rows in page_tables(record).items():
        assert "\n".join(rows) in page, name
    assert record["thresholds_digest"] == thresholds_digest(gate_v1())
    assert record["searches"] == 1000
    assert record["holds"]
