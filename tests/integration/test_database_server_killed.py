"""A database server that is killed (SIGKILL, nothing flushed) under load: nothing lost, nothing twice."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import pytest

from alphaline.errors import StoreUnavailableError
from alphaline.messages import Proposal, RiskDecision
from alphaline.runtime.database import DatabaseAddress
from alphaline.runtime.journal import RiskJournal, journal_decisions
from alphaline.runtime.ledger_audit import audit_at
from services.paper_trading.adapters.awaited_ledger import AwaitedLedger
from tests.ledger_tables import ledger_tables
from tests.line_values import proposal
from tests.paper_line import filled, outputs, run
from tests.postgresql_server import PostgresqlServer
from tests.unit.risk_management.desk_with_journal import Desk
from tests.waiting import eventually

pytestmark = pytest.mark.servers

KILLS = 3
DECISIONS_BETWEEN = 40


@pytest.fixture
def address(postgresql: PostgresqlServer) -> Iterator[DatabaseAddress]:
    yield postgresql.emptied_database("alphaline_journal", "alphaline_ledger")
    if not postgresql.answers():
        postgresql.start()


def kill_when_told(server: PostgresqlServer, told: Semaphore, load: Future[Any]) -> None:
    """Kill the server and start it again whenever ``told``, until the load's thread has ended.

    The server ends with the thread that started it, so that is the test's own.
    """
    load.add_done_callback(lambda _: told.release())
    while told.acquire() and not load.done():
        server.kill()
        server.start()
    load.result()


def test_every_decision_that_was_answered_is_there_once_and_in_order(
    postgresql: PostgresqlServer, address: DatabaseAddress
) -> None:
    desk = Desk(address)
    desk.minutes(1, 9)
    told, answered, unanswered = Semaphore(0), [], []

    def judge_until_answered(asked: Proposal) -> RiskDecision:
        while True:
            try:
                return desk.judge(asked)
            except StoreUnavailableError as error:
                unanswered.append(str(error))

    def load() -> None:
        for number in range((KILLS + 1) * DECISIONS_BETWEEN):
            if (
                number % DECISIONS_BETWEEN == DECISIONS_BETWEEN - 1
                and number < KILLS * DECISIONS_BETWEEN
            ):
                told.release()
            answered.append(judge_until_answered(proposal(10, 1, f"d{number}")))

    with ThreadPoolExecutor(1) as pool:
        kill_when_told(postgresql, told, pool.submit(load))
    assert len(unanswered) >= KILLS
    assert [decision.journal_seq for decision in answered] == list(range(1, len(answered) + 1))
    assert journal_decisions(address) == answered == desk.announced
    assert desk.desk.state.committed(proposal(11)) == len(answered)
    desk.journal.close()
    again = Desk(address)
    assert [again.judge(decision.proposal) for decision in answered] == answered
    again.journal.close()


def test_a_ledger_whose_server_is_killed_holds_what_one_that_lived_holds(
    postgresql: PostgresqlServer, address: DatabaseAddress, tmp_path: Path
) -> None:
    unbroken, path = filled(), tmp_path / "ledger.sqlite"
    run(unbroken, path)
    broker, told = filled(), Semaphore(0)
    places = iter((20, 60, 110))
    next_kill = [next(places)]

    def probe(where: str, records: int) -> None:
        if where == "published" and records >= next_kill[0]:
            next_kill[0] = next(places, 10**9)
            told.release()
            # The commit that follows finds the server dying, dead or starting.
            assert eventually(lambda: not postgresql.answers())

    with ThreadPoolExecutor(1) as pool:
        kill_when_told(postgresql, told, pool.submit(run, broker, address, probe))
    assert next_kill == [10**9]
    assert outputs(broker) == outputs(unbroken)
    assert ledger_tables(address) == ledger_tables(path)
    assert audit_at(address) == []


def test_a_service_that_starts_before_its_database_waits_for_it(
    postgresql: PostgresqlServer, address: DatabaseAddress
) -> None:
    postgresql.kill()
    made: list[AwaitedLedger] = []
    starting = threading.Thread(
        target=lambda: made.append(AwaitedLedger(address, 1, lambda: False))
    )
    starting.start()
    starting.join(0.3)
    assert made == []
    postgresql.start()
    starting.join(30)
    (ledger,) = made
    assert ledger.is_available
    assert ledger.load_state() is None
    ledger.close()


def test_a_journal_that_was_killed_between_two_lives_is_as_it_was(
    postgresql: PostgresqlServer, address: DatabaseAddress
) -> None:
    journal = RiskJournal(address, epoch=1)
    journal.engage_kill_switch("ada", "drill", 5)
    postgresql.kill()
    postgresql.start()
    with pytest.raises(StoreUnavailableError):
        journal.ask()
    journal.ask()
    assert journal.kill_switch() == (True, "ada", "drill", 5)
    journal.close()
