"""Wires step 5: `signals.approved.v1` and `market.bars.v1` → orders, fills, positions, the ledger."""

from collections.abc import Callable

import structlog

from alphaline.runtime import determinism

determinism.apply()

from alphaline.errors import LedgerError  # noqa: E402
from alphaline.runtime.awaited_topics import wait_for_topics  # noqa: E402
from alphaline.runtime.line import LineLoop  # noqa: E402
from alphaline.runtime.patience import StoppedError  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.service import (  # noqa: E402
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
    wait_until,
)
from alphaline.runtime.telemetry import Telemetry  # noqa: E402
from alphaline.trading.strategy import read_strategy  # noqa: E402
from services.paper_trading.adapters.awaited_ledger import AwaitedLedger  # noqa: E402
from services.paper_trading.handlers import (  # noqa: E402
    APPROVED,
    BARS,
    FILLS,
    ORDERS,
    POSITIONS,
    PaperStep,
)
from services.paper_trading.recovery import recover  # noqa: E402
from services.paper_trading.settings import Settings  # noqa: E402


def main() -> None:
    """Run the paper account until SIGTERM."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "paper_trading")
    reference = ReferenceData(settings.reference_root)
    files = settings.strategy_files()
    strategies = [read_strategy(path.read_bytes(), str(path)) for path in files]
    answers = telemetry.gauge("database_available", database="ledger")
    try:
        ledger = AwaitedLedger(settings.ledger_place(), settings.writer_epoch, is_stopping)
        saved = ledger.load_state()
    except StoppedError:
        return
    answers.set_function(lambda: ledger.is_available)
    partitions = settings.own_partitions()
    recovered = recover(
        saved,
        {strategy.strategy_id: strategy for strategy in strategies},
        reference.instruments,
        [(topic, number) for topic in (BARS, APPROVED) for number in partitions],
    )
    step = PaperStep(
        recovered.account,
        ledger,
        settings.commit_minutes,
        telemetry,
        recovered.release,
        recovered.homes,
        ledger.audit,
    )
    outputs = [(topic, number) for topic in (ORDERS, FILLS, POSITIONS) for number in partitions]
    with connections(settings, "paper_trading", is_stopping) as (subscription, publisher):
        wait_for_topics(subscription, "paper_trading", is_stopping)
        telemetry.ready_when(lambda: ledger.is_available)
        line = LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=step,
            inputs=recovered.inputs,
            line_times=recovered.line_times,
            decode=reference.decoder(settings.clones()),
            telemetry=telemetry,
            forward_to=outputs,
            probe=fault_probe(settings.crash_at),
        )
        run_or_stand(line, telemetry, is_stopping)
    ledger.close()


def run_or_stand(line: LineLoop, telemetry: Telemetry, is_stopping: Callable[[], bool]) -> None:
    """Run ``line``; where the ledger refuses a write, stand still and not ready until told to stop.

    A restart would meet the same write again. What stands can be scraped and asked.

    Raises
    ------
    LedgerError
        Once ``is_stopping``.
    """
    try:
        line.run(is_stopping)
    except LedgerError as error:
        structlog.get_logger().error("ledger_refused_a_write", detail=str(error))
        telemetry.ready_when(lambda: False)
        wait_until(is_stopping)
        raise


if __name__ == "__main__":
    main()
    end_process()
