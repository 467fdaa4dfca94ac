"""Wires step 6: signals, orders, fills and the ledger → REST and server-sent events for people."""

import structlog
import uvicorn

from alphaline.runtime.messaging import KafkaSubscription
from alphaline.runtime.service import (
    configure_logging,
    end_process,
    start_telemetry,
    stop_on_signals,
)
from services.gateway.adapters.line_follower import LineFollower
from services.gateway.adapters.risk_status import GrpcRiskView
from services.gateway.adapters.stored_ledger import StoredLedger
from services.gateway.read_model import ReadModel
from services.gateway.settings import Settings
from services.gateway.topics import followed
from services.gateway.transport.http import create_app

# Stream clients stay connected for ever; a stop does not wait for them longer than this.
GOODBYE_S = 1


def main() -> int:
    """Serve until SIGTERM; 1 where the line could not be followed any longer."""
    configure_logging()
    settings = Settings()
    stop = stop_on_signals()
    telemetry = start_telemetry(settings, "gateway")
    partitions = followed(settings.partition_count)
    model = ReadModel(partitions, settings.signal_capacity, settings.event_capacity)
    risk = GrpcRiskView(settings.risk_address)
    app = create_app(model, StoredLedger(settings.ledger_place()), risk, telemetry)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            settings.gateway_host,
            settings.gateway_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GOODBYE_S,
        )
    )
    # Nothing is in flight here: a reader has nothing to wait for once it is told to stop.
    subscription = KafkaSubscription(
        settings.kafka_bootstrap_servers, "gateway", settings.topic_prefix, gives_up=stop
    )
    follower = LineFollower(
        subscription,
        [(topic, number) for topic, count in partitions.items() for number in range(count)],
        model,
        settings.history_records,
        telemetry,
        on_failure=lambda: setattr(server, "should_exit", True),
    )
    telemetry.ready_when(follower.is_ready)
    follower.start()
    structlog.get_logger().info("gateway_served", port=settings.gateway_port)
    # From here on the server listens to signals; one that came before is not heard by it.
    if not stop():
        server.run()
    follower.stop()
    subscription.close()
    risk.close()
    return 0 if follower.failure is None else 1


if __name__ == "__main__":
    end_process(main())
