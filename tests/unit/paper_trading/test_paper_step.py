from collections.abc import Callable
from pathlib import Path

import pytest

from alphaline.errors import LedgerError
from alphaline.messages import Fill, OrderEvent
from alphaline.runtime.telemetry import Telemetry
from services.paper_trading.__main__ import run_or_stand
from services.paper_trading.handlers import APPROVED, BARS, FILLS, ORDERS, PaperStep
from services.paper_trading.recovery import recover
from tests.broker_fakes import MemoryBroker
from tests.changed_ledger import change_ledger
from tests.ledger_tables import ledger_tables
from tests.line_values import at, clock
from tests.paper_line import INPUTS, INSTRUMENTS, MINUTES, OUTPUTS, STRATEGIES, filled, outputs, run
from tests.postgresql_server import PostgresqlServer


class KilledError(Exception):
    """Stands for SIGKILL."""


def breaks(telemetry: Telemetry) -> float | None:
    return telemetry.registry.get_sample_value(
        "trading_ledger_breaks", {"service": "paper_trading"}
    )


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryBroker, Path]:
    broker, path = filled(), tmp_path_factory.mktemp("paper") / "ledger.sqlite"
    run(broker, path)
    return broker, path


def test_an_approval_becomes_orders_and_fills_in_the_partition_of_its_instrument(
    unbroken: tuple[MemoryBroker, Path],
) -> None:
    broker, _ = unbroken
    fills = [m for m in broker.messages(FILLS, 0) if isinstance(m, Fill)]
    assert {fill.intent for fill in fills} == {"entry", "exit"}
    assert {fill.decision_id for fill in fills} == {"d5", "d12", "d40"}
    assert not [m for m in broker.messages(FILLS, 1) if isinstance(m, Fill)]
    orders = [m for m in broker.messages(ORDERS, 0) if isinstance(m, OrderEvent)]
    assert [order.ts_known for order in orders] == sorted(order.ts_known for order in orders)
    assert min(fill.ts_event for fill in fills) >= at(5)


@pytest.mark.parametrize("place", ["received", "published", "committed"])
@pytest.mark.parametrize("after", [10, 60, 110, 170])
def test_a_service_killed_anywhere_keeps_the_same_ledger_and_writes_the_same_bytes(
    unbroken: tuple[MemoryBroker, Path], tmp_path: Path, place: str, after: int
) -> None:
    broker, path = filled(), tmp_path / "ledger.sqlite"

    def probe(where: str, records: int) -> None:
        if where == place and records >= after:
            raise KilledError

    with pytest.raises(KilledError):
        run(broker, path, probe)
    run(broker, path)
    assert outputs(broker) == outputs(unbroken[0])
    assert ledger_tables(path) == ledger_tables(unbroken[1])


def test_a_ledger_that_is_there_is_not_written_again(unbroken: tuple[MemoryBroker, Path]) -> None:
    broker, path = unbroken
    before = ledger_tables(path), {key: len(broker.values(*key)) for key in OUTPUTS}
    run(broker, path)
    again = {key: len(set(broker.values(*key))) for key in OUTPUTS}
    assert ledger_tables(path) == before[0]
    assert all(again[key] <= count for key, count in before[1].items())


@pytest.mark.servers
def test_the_ledger_of_a_server_is_that_of_a_file_row_by_row(
    unbroken: tuple[MemoryBroker, Path], postgresql: PostgresqlServer
) -> None:
    broker, address = filled(), postgresql.emptied_database("alphaline_ledger")
    telemetry = run(broker, address)
    assert outputs(broker) == outputs(unbroken[0])
    assert ledger_tables(address) == ledger_tables(unbroken[1])
    assert breaks(telemetry) == 0


def test_a_sound_ledger_is_told_as_one(tmp_path: Path) -> None:
    assert breaks(run(filled(), tmp_path / "ledger.sqlite")) == 0


def test_a_posting_that_was_changed_is_told_after_the_next_start(tmp_path: Path) -> None:
    broker, path = filled(), tmp_path / "ledger.sqlite"
    run(broker, path)
    change_ledger(
        path,
        "UPDATE postings SET amount_minor = amount_minor + 1 WHERE account = 'fees' AND "
        "event_id = (SELECT min(event_id) FROM postings WHERE account = 'fees')",
    )
    for number in (0, 1):
        for topic in (BARS, APPROVED):
            broker.put(topic, number, [clock(minute) for minute in range(MINUTES, MINUTES + 20)])
    # The event no longer balances, and a position no longer is its postings.
    assert breaks(run(broker, path)) == 2


def test_a_write_that_the_ledger_refuses_is_told_and_raised(tmp_path: Path) -> None:
    class Refusing:
        def commit(self, *_: object) -> None:
            raise LedgerError("for a test")

    telemetry = Telemetry("paper_trading")
    recovered = recover(None, STRATEGIES, INSTRUMENTS, INPUTS)
    step = PaperStep(
        recovered.account, Refusing(), 10, telemetry, recovered.release, recovered.homes, list
    )
    with pytest.raises(LedgerError):
        step.checkpoint(at(1), {})
    assert breaks(telemetry) == 1


def test_after_a_refused_write_the_service_stands_until_it_is_told_to_stop() -> None:
    class Refused:
        def run(self, _: Callable[[], bool]) -> None:
            raise LedgerError("for a test")

    telemetry = Telemetry("paper_trading")
    telemetry.ready_when(lambda: True)
    asked: list[int] = []

    def is_stopping() -> bool:
        asked.append(telemetry.answer("/ready")[0])
        return len(asked) > 1

    with pytest.raises(LedgerError):
        run_or_stand(Refused(), telemetry, is_stopping)
    assert asked == [503, 503]
