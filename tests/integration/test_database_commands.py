"""The commands of the page on databases, as they stand there, over a journal and a ledger with rows."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alphaline.runtime import ledger_schema
from alphaline.runtime.database import DatabaseAddress, Place
from alphaline.runtime.database_copy import copy_database
from alphaline.runtime.journal import RiskJournal, journal_decisions
from alphaline.runtime.ledger_audit import audit_at
from alphaline.runtime.places import checkout
from tests.changed_ledger import change_ledger
from tests.ledger_tables import ledger_tables
from tests.line_values import proposal
from tests.paper_line import filled, run
from tests.postgresql_server import PASSWORD, USER, PostgresqlServer

pytestmark = [pytest.mark.slow, pytest.mark.servers]

PAGE = (checkout() / "docs/operations/databases.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def commands_of(heading: str) -> str:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"^```bash\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


def without_password(address: DatabaseAddress) -> str:
    return address.uri.replace(f":{PASSWORD}@", "@")


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    journal = RiskJournal(path, epoch=3)
    for number in range(20):
        journal.append(proposal(10, 1, f"d{number}"), (), "limits")
    journal.engage_kill_switch("ada", "drill", 5)
    journal.save_state(7, {("t", 0): 1}, b"{}")
    journal.close()
    return path


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    run(filled(), path)
    return path


@pytest.fixture
def shell(postgresql: PostgresqlServer, tmp_path: Path) -> Callable[..., str]:
    def execute(script: str, **variables: object) -> str:
        path = f"{Path(sys.executable).parent}:{postgresql.programs}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                **os.environ,
                "PATH": path,
                "PGPASSWORD": PASSWORD,
                **{name: str(value) for name, value in variables.items()},
            },
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        return done.stdout

    return execute


def test_every_command_of_the_page_is_run_here() -> None:
    sections = ("From SQLite to PostgreSQL", "Backup", "Restore")
    assert "".join(BLOCKS).split() == " ".join(map(commands_of, sections)).split()


def test_files_move_to_a_server_and_the_same_writer_goes_on(
    postgresql: PostgresqlServer, shell, journal_file: Path, ledger_file: Path
) -> None:
    address = postgresql.new_database()
    said = shell(
        commands_of("From SQLite to PostgreSQL"),
        JOURNAL_FILE=journal_file,
        LEDGER_FILE=ledger_file,
        DATABASE=without_password(address),
    )
    assert "decisions: 20 rows" in said
    assert "sound" in said
    assert ledger_tables(address) == ledger_tables(ledger_file)
    assert journal_decisions(address) == journal_decisions(journal_file)
    back = ledger_file.with_name("back.sqlite")
    rows = copy_database(address, back, ledger_schema.SCHEMA, ledger_schema.TABLES)
    assert ledger_tables(back) == ledger_tables(ledger_file)
    assert rows["state"] == 1
    journal = RiskJournal(address, epoch=3)
    assert journal.kill_switch() == (True, "ada", "drill", 5)
    assert journal.load_state() == (7, {("t", 0): 1}, b"{}")
    assert journal.append(proposal(10, 1, "next"), (), "limits").journal_seq == 21
    journal.close()


def test_a_backup_restores_to_what_was_backed_up(
    postgresql: PostgresqlServer, shell, journal_file: Path, ledger_file: Path, tmp_path: Path
) -> None:
    address, restored = postgresql.new_database(), postgresql.new_database()
    backup = tmp_path / "backup"
    backup.mkdir()
    variables = {
        "JOURNAL_FILE": journal_file,
        "LEDGER_FILE": ledger_file,
        "DATABASE": without_password(address),
        "RESTORED": without_password(restored),
        "BACKUP": backup,
    }
    shell(commands_of("From SQLite to PostgreSQL"), **variables)
    # The writer is up while it is backed up.
    journal = RiskJournal(address, epoch=3)
    script = with_sqlite3(commands_of("Backup"))
    shell(script, **variables)
    journal.append(proposal(10, 1, "later"), (), "limits")
    journal.close()
    said = shell(commands_of("Restore"), **variables)
    assert "sound" in said
    ledgers: list[Place] = [restored, backup / "ledger.sqlite"]
    assert [ledger_tables(one) for one in ledgers] == [ledger_tables(ledger_file)] * 2
    journals: list[Place] = [restored, backup / "journal.sqlite"]
    assert [journal_decisions(one) for one in journals] == [journal_decisions(journal_file)] * 2
    again = RiskJournal(restored, epoch=4)
    assert again.append(proposal(10, 1, "d0"), (), "limits").journal_seq == 1
    assert again.append(proposal(10, 1, "later"), (), "limits").journal_seq == 21
    again.close()


def with_sqlite3(script: str) -> str:
    """Return ``script`` for a machine without SQLite's shell: its ``.backup`` is this very call."""
    backup = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))"
    )
    stand_in = f"""
    if ! command -v sqlite3 > /dev/null; then
        sqlite3() {{ python -c '{backup}' "$1" "${{2#.backup }}"; }}
    fi
    """
    return stand_in + script


def test_an_audit_of_a_ledger_that_was_changed_fails(
    postgresql: PostgresqlServer, shell, ledger_file: Path
) -> None:
    address = postgresql.new_database()
    shell(
        'alphaline database copy ledger "$FROM" "$TO"',
        FROM=ledger_file,
        TO=without_password(address),
    )
    change_ledger(address, "UPDATE positions SET realised_minor = realised_minor + 1")
    assert len(audit_at(address)) == 1
    script = 'alphaline database audit "$IT" && exit 9 || test $? -eq 1'
    assert "position" in shell(script, IT=without_password(address))


def test_a_copy_into_what_is_not_empty_is_refused_and_changes_nothing(
    postgresql: PostgresqlServer, shell, journal_file: Path
) -> None:
    address = postgresql.new_database()
    variables = {"FROM": journal_file, "TO": without_password(address)}
    shell('alphaline database copy journal "$FROM" "$TO"', **variables)
    refused = 'alphaline database copy journal "$FROM" "$TO" 2>&1 && exit 9 || test $? -eq 1'
    said = shell(refused, **variables)
    assert "expected an empty database" in said
    assert f"postgresql://{USER}@127.0.0.1" in said
    assert len(journal_decisions(address)) == 20
