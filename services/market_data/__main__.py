"""Wires step 1: a recording → `market.bars.v1` and `market.observations.v1`, with clock records."""

import structlog

from alphaline.market.replay import following, replay_minutes, with_faults
from alphaline.runtime.awaited_topics import wait_for_topics
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.service import (
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
    wait_until,
)
from services.market_data.adapters.clock_log import KafkaClockLog
from services.market_data.adapters.lease import FileClockLease
from services.market_data.adapters.pace import Paced, Unpaced
from services.market_data.adapters.recording import RecordedFile
from services.market_data.handlers import BARS, OBSERVATIONS, demand_following, publish_replay
from services.market_data.settings import Settings


def main() -> None:
    """Publish the recording, from where the log ends."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "market_data")
    reference = ReferenceData(settings.reference_root)
    recording = RecordedFile(
        reference,
        settings.replay_bars,
        settings.replay_instrument,
        (settings.replay_first_session, settings.replay_last_session),
        settings.clone_count,
    )
    keys = [(BARS, number) for number in range(settings.partition_count)]
    lease = FileClockLease(settings.data_root / "clock.lease", "replay")
    with lease, connections(settings, "market_data", is_stopping) as (subscription, publisher):
        wait_for_topics(subscription, "market_data", is_stopping)
        after = KafkaClockLog(subscription, [*keys, (OBSERVATIONS, 0)]).last_clock()
        bars = recording.bars()
        if settings.replay_must_follow:
            demand_following(bars, after)
        minutes = replay_minutes(
            bars,
            recording.observations(),
            reference.sessions,
            epoch=lease.epoch,
            allowed_lateness_ms=settings.allowed_lateness_ms,
        )
        speed = settings.replay_speed
        telemetry.ready_when(lambda: True)
        count = publish_replay(
            following(with_faults(minutes, settings.faults()), after),
            publisher,
            settings.partition_count,
            Paced(speed, is_stopping) if speed else Unpaced(),
            telemetry,
            is_stopping,
            fault_probe(settings.crash_at),
        )
        structlog.get_logger().info("replay_ended", minutes=count, after=after)
        if settings.replay_stays:
            wait_until(is_stopping)


if __name__ == "__main__":
    main()
    end_process()
