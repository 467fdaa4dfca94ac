"""What people see of a real line: tail, explain, kill switch, report, import."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from alphaline.cli.__main__ import app
from alphaline.cli.verification.candidate import (
    delivered_settings,
    train_candidate,
)
from alphaline.cli.verification.drill import (
    DrillLine,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.messages import SignalApproved
from alphaline.runtime import cluster
from alphaline.runtime.places import checkout
from alphaline.runtime.reference import ReferenceData

# Eight processes start cold on a machine that may be busy with other tests.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SAMPLE = checkout() / "data" / "sample"
# Session features are warm from the second session on.
FIRST, DAY = date(2011, 3, 15), date(2011, 3, 16)
NEXT = date(2011, 3, 17)
PARTS = ("feature_streaming", "lake_sink", "risk_management", "signal_generation", "paper_trading")


class Line(NamedTuple):
    """A line that has traded two sessions and stays up, without a clock."""

    drill: DrillLine
    environment: dict[str, str]
    reference: ReferenceData


@pytest.fixture(scope="module")
def line(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("people")
    model = train_candidate(folder)
    reference = ReferenceData(SAMPLE)
    settings = {**replay_settings(FIRST, DAY), **delivered_settings(folder)}
    with drill_line(folder / "line", kafka, settings, lambda _: None) as drill:
        drill.deploy(model)
        for part in PARTS:
            drill.services.start(part)
        drill.services.wait_until_ready(*PARTS)
        drill.services.start("market_data")
        drill.wait_for("trading.positions.v1", last_clock_of(reference, DAY))
        drill.wait_for_sink("lake_sink", ["market.bars.v1"])
        yield Line(drill, drill.services.environment("gateway"), reference)


@pytest.fixture
def alphaline(line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command of the line and return its result."""
    for name, value in line.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ALPHALINE_HOME", str(tmp_path))
    # The broker is there, but on a starved machine not within a command's patience of 5 s.
    asked = cluster.answers
    monkeypatch.setattr(cluster, "answers", lambda servers, _timeout_s: asked(servers, 60.0))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def approved(line: Line) -> list[SignalApproved]:
    found = [item.message for item in line.drill.messages("signals.approved.v1")]
    return [one for one in found if isinstance(one, SignalApproved)]


def answer_of(result: Result) -> dict[str, Any]:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_tail_shows_the_latest_signals_in_order(line: Line, alphaline: Any) -> None:
    found = answer_of(alphaline("signals", "tail", "--lines", "500", "--json"))["signals"]
    times = [one["line_time"] for one in found]
    assert times == sorted(times)
    logged = {
        item.message.decision_id
        for topic in ("signals.approved.v1", "signals.denied.v1")
        for item in line.drill.messages(topic)
        if hasattr(item.message, "decision_id")
    }
    assert len(found) == min(500, len(logged))
    few = answer_of(alphaline("signals", "tail", "--lines", "3", "--approved", "--json"))["signals"]
    assert [one["type"] for one in few] == ["signal_approved"] * 3
    assert "alphaline explain" in alphaline("signals", "tail").stdout


def test_a_traded_signal_is_explained_and_computed_again(line: Line, alphaline: Any) -> None:
    signal = approved(line)[0]
    result = alphaline("explain", signal.decision_id, "--json")
    told = answer_of(result)
    assert {check["what"]: check["holds"] for check in told["checks"]} == dict.fromkeys(
        (check["what"] for check in told["checks"]), True
    )
    assert (result.exit_code, told["holds"], told["outcome"]) == (0, True, "approved")
    assert told["features"]["sameness"] == "equal"
    assert told["features"]["bytes_digest"] == told["features"]["recomputed_digest"]
    assert told["bar"]["on_topic"] == "same bytes"
    assert told["bar"]["values"]["close"] == signal.proposal.reference_price
    assert told["model"]["recomputed_probability"] == signal.proposal.probability
    assert told["model"]["verdict"] == "INSUFFICIENT_EVIDENCE"
    assert told["risk"]["journal_seq"] == signal.journal_seq
    assert {order["intent"] for order in told["orders"]} == {"entry", "exit"}
    assert sum(row["amount_minor"] for row in told["postings"]) == 0
    assert len(told["postings"]) >= 4


def test_the_narrative_says_what_happened(line: Line, alphaline: Any) -> None:
    signal = approved(line)[0]
    text = alphaline("explain", signal.decision_id[:10]).stdout
    for words in (signal.decision_id, "approved", "a NO-GO", "Ledger entries", "holds"):
        assert words in text
    assert "does not hold" not in text


def test_a_denied_signal_is_explained_with_its_reasons(line: Line, alphaline: Any) -> None:
    (denied,) = (
        one for one in answer_of(alphaline("signals", "tail", "--lines", "1", "--json"))["signals"]
    )
    told = answer_of(alphaline("explain", denied["decision_id"], "--json"))
    assert (told["holds"], told["outcome"], told["orders"]) == (True, "denied", [])
    assert told["signal"]["denials"]


def test_an_unknown_id_says_where_to_look(alphaline: Any) -> None:
    result = alphaline("explain", "ffffffffffff0000")
    assert "signals tail" in str(result.exception)


def test_a_forged_journal_is_noticed(
    line: Line, alphaline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = approved(line)[0]
    forged = tmp_path / "journal.sqlite"
    source = sqlite3.connect(line.environment["ALPHALINE_JOURNAL"])
    copy = sqlite3.connect(forged)
    source.backup(copy)
    copy.execute(
        "UPDATE decisions SET decision = replace(decision, ?, ?) WHERE decision_id = ?",
        ['"denials":[]', '"denials":[{"code":"POSITION_LIMIT","numbers":{}}]', signal.decision_id],
    )
    copy.commit()
    copy.close()
    source.close()
    monkeypatch.setenv("ALPHALINE_JOURNAL", str(forged))
    result = alphaline("explain", signal.decision_id, "--json")
    told = answer_of(result)
    assert (result.exit_code, told["holds"], told["risk"]["agrees"]) == (1, False, False)


def test_the_kill_switch_latches_until_a_named_person_clears_it(alphaline: Any) -> None:
    assert answer_of(alphaline("kill-switch", "status", "--json"))["engaged"] is False
    words = ("--by", "ada", "--reason", "drill")
    assert answer_of(alphaline("kill-switch", "engage", *words, "--json")) == {
        "engaged": True,
        "by": "ada",
        "reason": "drill",
    }
    assert "ENGAGED by ada: drill" in alphaline("kill-switch", "status").stdout
    assert alphaline("kill-switch", "clear", "--by", " ", "--reason", "x").exit_code == 2
    assert answer_of(alphaline("kill-switch", "clear", *words, "--json"))["engaged"] is False


def test_a_dead_risk_service_is_said_with_what_to_do(alphaline: Any) -> None:
    result = alphaline("kill-switch", "status", "--address", "127.0.0.1:1")
    assert "alphaline status" in str(result.exception)


def test_the_report_of_a_line_is_that_of_its_log_and_ledger(
    line: Line, alphaline: Any, tmp_path: Path
) -> None:
    summary = answer_of(alphaline("report", "--out", str(tmp_path), "--json"))
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    signals, latency = summary["signals"], summary["latency"]
    assert signals["approved"] == len({one.decision_id for one in approved(line)}) > 0
    assert latency["signals"] == signals["approved"] + signals["denied"]
    assert latency["p50_ms"] >= 0
    assert summary["span"]["sessions"] == 2
    assert all(row["holds"] for row in summary["shown"])
    assert (tmp_path / "report.html").stat().st_size > 50_000


def csv_of(day: date, folder: Path, line: Line) -> Path:
    """Write the recorded bars of a session as a user would have them: local times without a zone."""
    table = pq.read_table(SAMPLE / "spy_minute_2011.parquet").to_pandas()
    at = table["ts_event"].astype("datetime64[ns, UTC]").dt.tz_convert("America/New_York")
    chosen = table[(at.dt.date == day)].copy()
    chosen["timestamp"] = at[at.dt.date == day].dt.strftime("%Y-%m-%d %H:%M:%S")
    path = folder / f"{day}.csv"
    import pyarrow as pa

    names = ["timestamp", "open", "high", "low", "close", "volume"]
    pcsv.write_csv(pa.Table.from_pandas(chosen[names], preserve_index=False), path)
    return path


ZONE = ("--instrument", "eq.us.spy", "--time-zone", "America/New_York")


def test_bars_that_the_clock_has_passed_are_refused(
    line: Line, alphaline: Any, tmp_path: Path
) -> None:
    file = csv_of(DAY, tmp_path, line)
    result = alphaline("import", str(file), *ZONE)
    assert "never runs back" in str(result.exception)
    assert "alphaline clean" in str(result.exception)


def test_imported_bars_go_through_the_whole_line(
    line: Line, alphaline: Any, tmp_path: Path
) -> None:
    file = csv_of(NEXT, tmp_path, line)
    before = len(approved(line))
    found = answer_of(alphaline("import", str(file), *ZONE, "--json"))
    assert found["published"] == found["bars"] > 390
    end = last_clock_of(line.reference, NEXT)
    assert found["line_time_after"] == end
    line.drill.wait_for("trading.positions.v1", end)
    line.drill.wait_for_sink("lake_sink", ["market.bars.v1"])
    assert len(approved(line)) > before
    newest = approved(line)[-1].decision_id
    assert answer_of(alphaline("explain", newest, "--json"))["holds"] is True
    assert "never runs back" in str(alphaline("import", str(file), *ZONE).exception)
