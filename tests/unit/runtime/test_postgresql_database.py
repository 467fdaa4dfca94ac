"""What only a server can do: go away, be asked by several at once, refuse what a role may not."""

import threading

import psycopg
import pytest

from alphaline.errors import LineError, StoreUnavailableError
from alphaline.runtime import postgresql_database
from alphaline.runtime.database import DatabaseAddress
from alphaline.runtime.fenced_database import open_for_reading
from alphaline.runtime.journal import SCHEMA, RiskJournal
from alphaline.runtime.ledger_store import LedgerStore
from tests.postgresql_server import USER, PostgresqlServer
from tests.unit.runtime.test_journal import proposal

pytestmark = pytest.mark.servers


@pytest.fixture
def address(postgresql: PostgresqlServer) -> DatabaseAddress:
    return postgresql.emptied_database("alphaline_journal", "alphaline_ledger")


def cut_connections(postgresql: PostgresqlServer) -> None:
    postgresql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'alphaline' AND pid <> pg_backend_pid()"
    )


def test_a_connection_that_was_cut_is_made_again_at_the_next_call(postgresql, address) -> None:
    journal = RiskJournal(address, epoch=1)
    journal.append(proposal(1), (), "limits")
    cut_connections(postgresql)
    with pytest.raises(StoreUnavailableError, match="terminating connection"):
        journal.append(proposal(2), (), "limits")
    assert not journal.is_available
    assert journal.append(proposal(2), (), "limits").journal_seq == 2
    assert journal.is_available
    journal.close()


def test_a_writer_that_was_replaced_while_it_was_cut_off_stays_out(postgresql, address) -> None:
    old = RiskJournal(address, epoch=1)
    cut_connections(postgresql)
    new = RiskJournal(address, epoch=1)
    with pytest.raises(StoreUnavailableError):
        old.append(proposal(1), (), "limits")
    with pytest.raises(LineError, match="taken over"):
        old.append(proposal(1), (), "limits")
    assert new.append(proposal(1), (), "limits").journal_seq == 1
    old.close()
    new.close()


def test_what_a_cut_transaction_wrote_is_gone(postgresql, address) -> None:
    journal = RiskJournal(address, epoch=1)

    def cut_in_the_middle() -> None:
        with journal.transaction():
            journal.append(proposal(1), (), "limits")
            cut_connections(postgresql)
            journal.append(proposal(2), (), "limits")

    with pytest.raises(StoreUnavailableError):
        cut_in_the_middle()
    assert list(journal.decisions()) == []
    journal.close()


def test_a_lookup_that_is_to_be_the_last_word_waits_for_the_transaction_before_it(address) -> None:
    """A server may still be committing what it was sent before the connection was lost."""
    journal = RiskJournal(address, epoch=1)
    first = journal.append(proposal(1), (), "limits")
    with psycopg.connect(address.uri) as lingering:
        lingering.execute("SET search_path TO alphaline_journal")
        lingering.execute("LOCK TABLE fence IN EXCLUSIVE MODE")
        lingering.execute(
            "INSERT INTO decisions SELECT 2, 'decision-2', proposal_digest, 2, 1, 1, decision FROM decisions"
        )
        found: list[object] = []
        asking = threading.Thread(target=lambda: found.append(journal.lookup_settled(proposal(2))))
        asking.start()
        assert journal_waits(address)
        assert found == []
        lingering.commit()
        asking.join(30)
    assert len(found) == 1
    assert found[0] is not None
    assert journal.lookup_settled(proposal(1)) == first
    journal.close()


def journal_waits(address: DatabaseAddress) -> bool:
    from tests.waiting import eventually

    with psycopg.connect(address.uri, autocommit=True) as connection:
        waiting = b"SELECT count(*) FROM pg_locks WHERE NOT granted"
        return eventually(lambda: connection.execute(waiting).fetchone() == (1,))


def test_a_transaction_that_another_holds_up_too_long_fails_and_leaves_nothing(
    address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_database, "LOCK_TIMEOUT_MS", 50)
    journal = RiskJournal(address, epoch=1)
    with psycopg.connect(address.uri) as other:
        other.execute("LOCK TABLE alphaline_journal.fence IN EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailableError, match="lock timeout"):
            journal.append(proposal(1), (), "limits")
    assert journal.append(proposal(1), (), "limits").journal_seq == 1
    journal.close()


def test_two_first_writers_at_once_make_one_schema(address) -> None:
    start, made = threading.Barrier(4), []

    def begin() -> None:
        start.wait()
        made.append(LedgerStore(address, epoch=1))

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 4
    for store in made:
        store.close()


def test_a_confirmed_write_is_on_disk_whatever_the_role_has_as_its_default(
    postgresql, address
) -> None:
    postgresql.execute(f"ALTER ROLE {USER} SET synchronous_commit TO off")
    try:
        journal = RiskJournal(address, epoch=1)
        shown = journal._database.connection.execute("SHOW synchronous_commit").fetchone()
        journal.close()
    finally:
        postgresql.execute(f"ALTER ROLE {USER} RESET synchronous_commit")
    assert shown == ("on",)


def test_a_role_that_may_only_read_reads(postgresql, address) -> None:
    journal = RiskJournal(address, epoch=1)
    journal.append(proposal(1), (), "limits")
    journal.close()
    postgresql.execute("DROP ROLE IF EXISTS reader")
    postgresql.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
    postgresql.execute("GRANT USAGE ON SCHEMA alphaline_journal TO reader")
    postgresql.execute("GRANT SELECT ON ALL TABLES IN SCHEMA alphaline_journal TO reader")
    reading = DatabaseAddress(f"postgresql://reader:r@127.0.0.1:{postgresql.port}/postgres")
    connection = open_for_reading(reading, SCHEMA)
    assert connection.execute("SELECT count(*) FROM decisions").fetchone() == (1,)
    connection.close()


def test_text_is_ordered_by_bytes_as_in_a_file(address) -> None:
    journal = RiskJournal(address, epoch=1)
    for number, name in enumerate(("b", "B", "a", "_", "ä")):
        journal.append(proposal(number, decision_id=name), (), "limits")
    rows = journal._database.connection.execute("SELECT decision_id FROM decisions ORDER BY 1")
    assert [row[0] for row in rows] == sorted(["b", "B", "a", "_", "ä"])
    journal.close()
