from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from alphaline.errors import LedgerError
from alphaline.market.decoding import checked_decoder
from alphaline.messages import Fill, Message, OrderEvent, SignalApproved
from alphaline.runtime.ledger_audit import audit_at
from alphaline.runtime.ledger_store import LedgerStore
from alphaline.runtime.line import LineLoop, no_faults
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.strategy import read_strategy
from services.paper_trading.__main__ import run_or_stand
from services.paper_trading.handlers import APPROVED, BARS, FILLS, ORDERS, POSITIONS, PaperStep
from services.paper_trading.recovery import recover
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.changed_ledger import change_ledger
from tests.line_values import ROOT, at, bar, clock, master, proposal, start

INSTRUMENTS = master()
STRATEGY = read_strategy((ROOT / "tests/unit/trading/files/strategy.yaml").read_bytes())
STRATEGIES = {STRATEGY.strategy_id: STRATEGY}
OUTPUTS = [(topic, number) for topic in (ORDERS, FILLS, POSITIONS) for number in (0, 1)]
INPUTS = [(topic, number) for topic in (BARS, APPROVED) for number in (0, 1)]
MINUTES = 60


class KilledError(Exception):
    """Stands for SIGKILL."""


def approval(minute: int) -> SignalApproved:
    asked = msgspec.structs.replace(
        proposal(minute), strategy_id=STRATEGY.strategy_id, strategy_digest=STRATEGY.digest
    )
    return SignalApproved(
        decision_id=asked.decision_id, proposal=asked, limits_digest="limits", journal_seq=minute
    )


def filled() -> MemoryBroker:
    """Return a broker whose logs hold three approvals, one of them repeated, and a price that moves."""
    broker = MemoryBroker(batch=9)
    approvals = {5: [approval(5)], 12: [approval(12), approval(5)], 40: [approval(40)]}
    for number in (0, 1):
        bars: list[Message] = [start(0)]
        signals: list[Message] = [start(0)]
        for minute in range(1, MINUTES):
            moved = 102.0 if minute in (20, 50) else 100.0
            bars += [bar(minute - 1, close=moved)] if number == 0 else []
            signals += approvals.get(minute, []) if number == 0 else []
            bars.append(clock(minute))
            signals.append(clock(minute))
        broker.put(BARS, number, bars)
        broker.put(APPROVED, number, signals)
    return broker


def run(
    broker: MemoryBroker, path: Path, probe: Callable[[str, int], None] = no_faults
) -> Telemetry:
    """Run one life of the service over the ledger at ``path``; returns its metrics."""
    telemetry = Telemetry("paper_trading")
    store = LedgerStore(path, epoch=1)
    try:
        recovered = recover(store.load_state(), STRATEGIES, INSTRUMENTS, INPUTS)
        step = PaperStep(
            recovered.account,
            store,
            10,
            telemetry,
            recovered.release,
            recovered.homes,
            lambda: audit_at(path),
        )
        subscription = MemorySubscription(broker)
        LineLoop(
            subscription=subscription,
            publisher=MemoryPublisher(broker),
            step=step,
            inputs=recovered.inputs,
            line_times=recovered.line_times,
            decode=checked_decoder(INSTRUMENTS, {}),
            telemetry=telemetry,
            forward_to=OUTPUTS,
            probe=probe,
        ).run(lambda: subscription.polls_without_a_message > 1)
    finally:
        store.close()
    return telemetry


def breaks(telemetry: Telemetry) -> float | None:
    return telemetry.registry.get_sample_value(
        "trading_ledger_breaks", {"service": "paper_trading"}
    )


def outputs(broker: MemoryBroker) -> dict[tuple[str, int], list[bytes | None]]:
    return {key: list(dict.fromkeys(broker.values(*key))) for key in OUTPUTS}


def ledger(path: Path) -> dict[str, list[tuple]]:
    store = LedgerStore(path, epoch=1)
    try:
        tables = [
            name
            for (name,) in store._database.connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN "
                "('fence', 'holder', 'state') ORDER BY name"
            )
        ]
        return {
            name: sorted(store._database.connection.execute(f"SELECT * FROM {name}"), key=repr)  # noqa: S608
            for name in tables
        }
    finally:
        store.close()


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
    assert ledger(path) == ledger(unbroken[1])


def test_a_ledger_that_is_there_is_not_written_again(unbroken: tuple[MemoryBroker, Path]) -> None:
    broker, path = unbroken
    before = ledger(path), {key: len(broker.values(*key)) for key in OUTPUTS}
    run(broker, path)
    again = {key: len(set(broker.values(*key))) for key in OUTPUTS}
    assert ledger(path) == before[0]
    assert all(again[key] <= count for key, count in before[1].items())


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
