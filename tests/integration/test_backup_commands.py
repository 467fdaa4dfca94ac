"""Backup and restore as the page on clusters says, of a journal and a ledger that are being written."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np
import pytest

from alphaline.research.tracking import Tracking
from alphaline.runtime.journal import RiskJournal, journal_decisions
from alphaline.runtime.ledger_audit import audit_at
from alphaline.runtime.model_registry import fetch_version, register_version
from alphaline.runtime.places import checkout
from alphaline.runtime.trial_ledger import TrialLedger
from alphaline.runtime.trial_records import TrialIdentity, TrialSeries
from tests.broker_fakes import MemoryBroker
from tests.ledger_tables import ledger_tables
from tests.line_values import proposal
from tests.paper_line import filled, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

PAGE = (checkout() / "docs/operations/cluster.md").read_text()
CHART = checkout() / "deploy/helm/alphaline/templates"
# `kubectl exec` without a cluster: the same program on this machine, its /data below $DATA.
STAND_IN = r'kubectl() { while [ "$1" != -- ]; do shift; done; shift; "${@/#\/data\//$DATA/}"; }'
# So many decisions are in the journal before the copy begins.
BEFORE = 20
FILES = {"model.onnx": b"\x00onnx", "manifest.json": b"{}"}


class Backup(NamedTuple):
    """What the claims held at the end, what was copied on the way, and the log that the ledger reads."""

    data: Path
    copies: Path
    broker: MemoryBroker


def commands_of(heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def execute(script: str, folder: Path, data: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{STAND_IN}\n{script}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATA": str(data),
            "TMPDIR": str(folder),
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def decide(journal: RiskJournal, begun: Event, stop: Event) -> int:
    """Record decisions until told to stop; return how many."""
    number = 0
    while not stop.is_set():
        number += 1
        journal.append(proposal(10, 1, f"d{number}"), (), "limits")
        if number == BEFORE:
            begun.set()
    return number


def trade(data: Path, copies: Path) -> MemoryBroker:
    """Run paper trading over its logs, and the page's backup once in the midst of it."""
    (script,) = commands_of("Back up")
    broker = filled()

    def probe(where: str, records: int) -> None:
        if where == "published" and records >= 110 and not any(copies.iterdir()):
            execute(script, copies, data)

    run(broker, data / "trading/ledger.sqlite", probe)
    return broker


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Backup:
    data, copies = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("copies")
    journal = RiskJournal(data / "risk/journal.sqlite", epoch=3)
    journal.engage_kill_switch("ada", "drill", 5)
    journal.save_state(7, {("t", 0): 1}, b"{}")
    begun, stop = Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        decided = pool.submit(decide, journal, begun, stop)
        try:
            assert begun.wait(60)
            broker = trade(data, copies)
        finally:
            stop.set()
        count = decided.result()
    journal.close()
    assert len(journal_decisions(data / "risk/journal.sqlite")) == count
    return Backup(data, copies, broker)


@pytest.fixture
def restored(backup: Backup, tmp_path: Path) -> Path:
    """Return an empty folder after the page's restore."""
    (script,) = commands_of("Restore")
    assert "sound" in execute(script, backup.copies, tmp_path)
    return tmp_path


def test_a_copy_holds_one_moment_of_a_file_that_is_being_written(backup: Backup) -> None:
    copied = journal_decisions(backup.copies / "journal.sqlite")
    everything = journal_decisions(backup.data / "risk/journal.sqlite")
    assert BEFORE <= len(copied) <= len(everything)
    assert copied == everything[: len(copied)]
    ledgers = backup.copies / "ledger.sqlite", backup.data / "trading/ledger.sqlite"
    assert [audit_at(one) for one in ledgers] == [[], []]
    part, whole = map(ledger_tables, ledgers)
    assert 0 < len(part["fills"]) < len(whole["fills"])
    assert set(part["postings"]) < set(whole["postings"])


def test_a_restored_ledger_goes_on_to_the_rows_of_the_one_that_was_lost(
    backup: Backup, restored: Path
) -> None:
    assert ledger_tables(restored / "trading/ledger.sqlite") != ledger_tables(
        backup.data / "trading/ledger.sqlite"
    )
    run(backup.broker, restored / "trading/ledger.sqlite")
    assert ledger_tables(restored / "trading/ledger.sqlite") == ledger_tables(
        backup.data / "trading/ledger.sqlite"
    )


def test_a_restored_journal_answers_as_before_and_goes_on(backup: Backup, restored: Path) -> None:
    count = len(journal_decisions(backup.copies / "journal.sqlite"))
    journal = RiskJournal(restored / "risk/journal.sqlite", epoch=3)
    answers = [journal.append(proposal(10, 1, name), (), "limits") for name in ("d1", "next")]
    assert [answer.journal_seq for answer in answers] == [1, count + 1]
    assert journal.kill_switch() == (True, "ada", "drill", 5)
    assert journal.load_state() == (7, {("t", 0): 1}, b"{}")
    journal.close()


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("paper-trading/paper-trading.yaml", "/data/trading/ledger.sqlite"),
        ("risk-management/risk-management.yaml", "/data/risk/journal.sqlite"),
    ],
)
def test_the_page_copies_the_files_that_the_chart_names(template: str, path: str) -> None:
    assert f'"{path}"' in (CHART / template).read_text()
    assert f" {path} > " in commands_of("Back up")[0]


def test_trials_and_registered_models_come_back_at_the_same_path(tmp_path: Path) -> None:
    data, copies = tmp_path / "data", tmp_path / "copies"
    copies.mkdir()
    TrialLedger(data / "trials").append(trial())
    uri = registered(data)
    before = contents(data)
    assert {Path(path).parts[0] for path in before} == {"mlflow", "trials"}
    back_up, restore = commands_of("Trials, runs and registered models")
    execute(back_up, copies, data)
    shutil.rmtree(data)
    data.mkdir()
    execute(restore, copies, data)
    assert contents(data) == before
    # Another name of the same file: under the old one this process still holds what was lost.
    assert fetch_version(uri.replace("mlflow.db", "./mlflow.db"), "demo", "1") == FILES


def registered(data: Path) -> str:
    """Register a version as training does, and return the registry's address."""
    tracking = Tracking.under(data)
    client = tracking.client()
    experiment = client.create_experiment("demo", artifact_location=tracking.artifact_location)
    run_id = client.create_run(experiment).info.run_id
    assert register_version(tracking.uri, "demo", run_id, FILES, {"verdict": "v"}) == "1"
    return tracking.uri


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def trial() -> TrialSeries:
    identity = TrialIdentity(
        dataset_family="minute_bars",
        dataset_digest="d1",
        instruments=("eq.us.spy",),
        horizon_ns=1800,
        label_digest="l1",
        parameters={"seed": 1},
        code_version="c1",
    )
    return TrialSeries(
        identity=identity,
        hypothesis_id="opening drift",
        fold_set="rolling",
        sessions=np.arange(6, dtype=np.int64),
        net_returns=np.linspace(-0.01, 0.01, 6),
        round_trips=6,
    )
