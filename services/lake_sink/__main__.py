"""Wires step 2b: `market.*` → the lake."""

from alphaline.runtime.awaited_topics import wait_for_topics
from alphaline.runtime.lake import LakeWriter
from alphaline.runtime.line import LineLoop
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.service import (
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
)
from services.lake_sink.handlers import BARS, OBSERVATIONS, LakeStep
from services.lake_sink.settings import Settings


def main() -> None:
    """Run the lake sink until SIGTERM."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "lake_sink")
    reference = ReferenceData(settings.reference_root)
    with connections(settings, "lake_sink", is_stopping) as (subscription, publisher):
        wait_for_topics(subscription, "lake_sink", is_stopping)
        # A bar from another century is kept as it came, and must not end the sink.
        writer = LakeWriter(settings.lake_root, reference.sessions.nearest_labels)
        step = LakeStep(writer, subscription, settings.flush_rows, telemetry)
        keys = [(BARS, number) for number in settings.own_partitions()]
        telemetry.ready_when(lambda: True)
        LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=step,
            inputs=dict.fromkeys([*keys, (OBSERVATIONS, 0)]),
            decode=reference.decoder(settings.clones()),
            telemetry=telemetry,
            probe=fault_probe(settings.crash_at),
        ).run(is_stopping)
        step.on_idle()


if __name__ == "__main__":
    main()
    end_process()
