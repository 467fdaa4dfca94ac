"""The line with journal and ledger on PostgreSQL, its server killed on the way, beside the line with files."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from typer.testing import CliRunner

from alphaline.cli.__main__ import app
from alphaline.cli.verification.candidate import delivered_settings, train_candidate
from alphaline.cli.verification.distinct import distinct
from alphaline.cli.verification.drill import (
    DrillLine,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.cli.verification.once import COMPARED
from alphaline.messages import ModelDeployed, SignalApproved
from alphaline.runtime.database import Place
from alphaline.runtime.journal import journal_decisions
from alphaline.runtime.ledger_audit import audit_at
from alphaline.runtime.places import checkout
from alphaline.runtime.ports import free_port
from alphaline.runtime.reference import ReferenceData
from tests.ledger_tables import ledger_tables
from tests.postgresql_server import PASSWORD, PostgresqlServer

pytestmark = [
    pytest.mark.soak,
    pytest.mark.kafka,
    pytest.mark.servers,
    pytest.mark.timeout(1800),
]

# Session features are warm from the second session on.
FIRST, LAST = date(2011, 3, 15), date(2011, 3, 16)
PARTS = ("feature_streaming", "lake_sink", "risk_management", "signal_generation", "paper_trading")
# Trades are decided in the second session: the server is killed while it is under way.
KILLED_AFTER_RECORDS = 40


class Outcome(NamedTuple):
    """What a run left behind: bytes by id of each topic, the ledger's rows, the journal's decisions."""

    topics: dict[str, dict[tuple[Any, ...], bytes]]
    ledger: dict[str, list[tuple[Any, ...]]]
    decisions: list[Any]


def replayed(
    root: Path,
    kafka: str,
    model: ModelDeployed,
    settings: dict[str, str],
    places: Callable[[DrillLine], tuple[Place, Place]],
    during: Callable[[DrillLine], None] = lambda _: None,
    after: Callable[[DrillLine], None] = lambda _: None,
) -> Outcome:
    chosen = {**replay_settings(FIRST, LAST), **delivered_settings(root.parent), **settings}
    reference = ReferenceData(checkout() / "data" / "sample")
    with drill_line(root, kafka, chosen, lambda _: None) as line:
        line.deploy(model)
        for part in PARTS:
            line.services.start(part)
        line.services.wait_until_ready(*PARTS)
        line.services.start("market_data")
        line.wait_for("trading.positions.v1", last_clock_of(reference, LAST), lambda: during(line))
        line.wait_for_sink("lake_sink", ["market.bars.v1"])
        after(line)
        line.services.stop()
        found = {topic: distinct(line.messages(topic)) for topic in COMPARED}
        assert [one.conflicts for one in found.values()] == [[]] * len(COMPARED)
        journal, ledger = places(line)
        assert audit_at(ledger) == []
        topics = {topic: one.by_id for topic, one in found.items()}
        return Outcome(topics, ledger_tables(ledger), journal_decisions(journal))


def test_a_line_on_a_database_server_decides_trades_and_books_as_a_line_on_files(
    kafka: str,
    postgresql: PostgresqlServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = train_candidate(tmp_path)
    on_files = replayed(tmp_path / "files", kafka, model, {}, files_of)

    address = postgresql.new_database()
    settings = {
        "ALPHALINE_JOURNAL_DATABASE": address.uri,
        "ALPHALINE_LEDGER_DATABASE": address.uri,
    }
    kills: list[int] = []

    def kill_once(line: DrillLine) -> None:
        if not kills and len(line.messages("risk.decisions.v1")) > KILLED_AFTER_RECORDS:
            kills.append(1)
            postgresql.kill()
            postgresql.start()

    def ask(line: DrillLine) -> None:
        demand_no_password(line)
        demand_people_are_served(line, monkeypatch, tmp_path)

    on_server = replayed(
        tmp_path / "server", kafka, model, settings, lambda _: (address, address), kill_once, ask
    )
    assert kills == [1]
    assert not (tmp_path / "server" / "risk").exists()
    assert not (tmp_path / "server" / "trading").exists()
    assert len(on_files.ledger["fills"]) > 0
    assert on_server == on_files


def files_of(line: DrillLine) -> tuple[Path, Path]:
    return line.root / "risk" / "journal.sqlite", line.root / "trading" / "ledger.sqlite"


def demand_no_password(line: DrillLine) -> None:
    logs = [path.read_text() for path in (line.root / "logs").iterdir()]
    assert any("does_not_answer" in log or "retry" in log for log in logs)
    assert not any(PASSWORD in log for log in logs)


def demand_people_are_served(
    line: DrillLine, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Ask the gateway, ``explain``, ``report`` and ``rerun``'s reader over the server."""
    port = free_port()
    line.services.start("gateway", ALPHALINE_GATEWAY_PORT=str(port))
    line.services.ready_url("gateway", f"http://127.0.0.1:{port}/ready")
    line.services.wait_until_ready("gateway")
    shown = httpx.get(f"http://127.0.0.1:{port}/v1/orders").json()
    assert len(shown["orders"]) > 0
    for name, value in line.services.environment("gateway").items():
        monkeypatch.setenv(name, value)
    signal = next(
        item.message
        for item in line.messages("signals.approved.v1")
        if isinstance(item.message, SignalApproved)
    )
    told = json.loads(CliRunner().invoke(app, ["explain", signal.decision_id, "--json"]).stdout)
    assert told["holds"] is True
    assert told["risk"]["journal_seq"] == signal.journal_seq
    assert {order["intent"] for order in told["orders"]} == {"entry", "exit"}
    report = CliRunner().invoke(app, ["report", "--out", str(folder / "report"), "--json"])
    assert json.loads(report.stdout)["signals"]["approved"] > 0
