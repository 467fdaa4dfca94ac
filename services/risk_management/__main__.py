"""Wires step 4: proposals by gRPC; marks, orders and fills from Kafka → journal, `risk.decisions.v1`."""

from collections.abc import Callable

import structlog

from alphaline.runtime import determinism

determinism.apply()

from alphaline.errors import StoreUnavailableError  # noqa: E402
from alphaline.runtime.awaited_topics import wait_for_topics  # noqa: E402
from alphaline.runtime.deployed_models import DeployedModelsReader  # noqa: E402
from alphaline.runtime.journal import RiskJournal  # noqa: E402
from alphaline.runtime.line import LineLoop  # noqa: E402
from alphaline.runtime.messaging import KafkaPublisher, KafkaSubscription, Outgoing  # noqa: E402
from alphaline.runtime.patience import StoppedError, until_answered  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.service import (  # noqa: E402
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
)
from alphaline.trading.risk import RiskProfile, read_limits  # noqa: E402
from services.risk_management.adapters.proven_deployments import ProvenDeployments  # noqa: E402
from services.risk_management.desk import RiskDesk  # noqa: E402
from services.risk_management.handlers import BARS, DECISIONS, FILLS, ORDERS, RiskStep  # noqa: E402
from services.risk_management.recovery import Recovered, recover  # noqa: E402
from services.risk_management.settings import Settings  # noqa: E402
from services.risk_management.transport.grpc_server import RiskServicer, serve  # noqa: E402


def main() -> None:
    """Run the risk service until SIGTERM."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "risk_management")
    reference = ReferenceData(settings.reference_root)
    limits = read_limits(settings.limits.read_bytes(), str(settings.limits))
    answers = telemetry.gauge("database_available", database="journal")
    try:
        journal = _journal(settings, is_stopping)
    except StoppedError:
        return
    answers.set_function(lambda: journal.is_available)
    follower = KafkaSubscription(
        settings.kafka_bootstrap_servers,
        "risk_management.models",
        settings.topic_prefix,
        gives_up=is_stopping.is_overdue,
    )
    partitions = settings.own_partitions()
    recovered = recover(
        journal,
        reference.instruments,
        [(topic, number) for topic in (BARS, ORDERS, FILLS) for number in partitions],
    )
    with connections(settings, "risk_management", is_stopping) as (subscription, publisher):
        wait_for_topics(subscription, "risk_management", is_stopping)
        desk = _desk(
            settings, limits, reference, journal, recovered, publisher, follower, is_stopping
        )
        step = RiskStep(desk, settings.snapshot_minutes, telemetry)
        wait_s = None if settings.clock_mode == "replay" else settings.positions_deadline_ms / 1000
        server, port = serve(RiskServicer(desk, wait_s, telemetry), settings.risk_listen)
        structlog.get_logger().info("risk_served", port=port)
        reference.sessions.index_at(0)
        telemetry.ready_when(lambda: desk.is_ready)
        LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=step,
            inputs=recovered.inputs,
            line_times=recovered.line_times,
            decode=reference.decoder(settings.clones()),
            telemetry=telemetry,
            probe=fault_probe(settings.crash_at),
        ).run(is_stopping)
        server.stop(grace=0.5).wait()
    follower.close()
    journal.close()


def _journal(settings: Settings, is_stopping: Callable[[], bool]) -> RiskJournal:
    place = settings.journal_place()
    return until_answered(
        lambda: RiskJournal(place, settings.writer_epoch), StoreUnavailableError, is_stopping
    )


def _desk(
    settings: Settings,
    limits: RiskProfile,
    reference: ReferenceData,
    journal: RiskJournal,
    recovered: Recovered,
    publisher: KafkaPublisher,
    follower: KafkaSubscription,
    is_stopping: Callable[[], bool],
) -> RiskDesk:
    return RiskDesk(
        recovered.state,
        limits,
        reference.instruments,
        reference.sessions,
        journal,
        ProvenDeployments(
            DeployedModelsReader(follower), settings.model_store, settings.public_key
        ),
        lambda decision: publisher.send(
            Outgoing(DECISIONS, decision.proposal.instrument, decision, 0)
        ),
        recovered.release,
        recovered.decided,
        is_stopping,
    )


if __name__ == "__main__":
    main()
    end_process()
