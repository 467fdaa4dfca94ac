"""The paper account over logs in memory and a real ledger, for the tests of both."""

from collections.abc import Callable

import msgspec

from alphaline.market.decoding import checked_decoder
from alphaline.messages import Message, SignalApproved
from alphaline.runtime.database import Place
from alphaline.runtime.line import LineLoop, no_faults
from alphaline.runtime.telemetry import Telemetry
from alphaline.trading.strategy import read_strategy
from services.paper_trading.adapters.awaited_ledger import AwaitedLedger
from services.paper_trading.handlers import APPROVED, BARS, FILLS, ORDERS, POSITIONS, PaperStep
from services.paper_trading.recovery import recover
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import ROOT, bar, clock, master, proposal, start

INSTRUMENTS = master()
STRATEGY = read_strategy((ROOT / "tests/unit/trading/files/strategy.yaml").read_bytes())
STRATEGIES = {STRATEGY.strategy_id: STRATEGY}
OUTPUTS = [(topic, number) for topic in (ORDERS, FILLS, POSITIONS) for number in (0, 1)]
INPUTS = [(topic, number) for topic in (BARS, APPROVED) for number in (0, 1)]
MINUTES = 60


def approval(minute: int) -> SignalApproved:
    """Return the approval of a proposal of that minute."""
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
    broker: MemoryBroker, place: Place, probe: Callable[[str, int], None] = no_faults
) -> Telemetry:
    """Run one life of the service over the ledger at ``place``; returns its metrics."""
    telemetry = Telemetry("paper_trading")
    ledger = AwaitedLedger(place, 1, lambda: False)
    try:
        recovered = recover(ledger.load_state(), STRATEGIES, INSTRUMENTS, INPUTS)
        step = PaperStep(
            recovered.account,
            ledger,
            10,
            telemetry,
            recovered.release,
            recovered.homes,
            ledger.audit,
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
        ledger.close()
    return telemetry


def outputs(broker: MemoryBroker) -> dict[tuple[str, int], list[bytes | None]]:
    """Return the distinct values of every output, in order."""
    return {key: list(dict.fromkeys(broker.values(*key))) for key in OUTPUTS}
