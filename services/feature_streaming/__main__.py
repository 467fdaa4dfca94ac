"""Wires step 2: `market.*` → feature operators → `features.vectors.v1`, `market.late_bars.v1`."""

from alphaline.runtime import determinism

determinism.apply()

from alphaline.features import Engine, feature_set  # noqa: E402 - numba reads its settings on import
from alphaline.features.stream import FeatureStream  # noqa: E402
from alphaline.runtime.awaited_topics import wait_for_topics  # noqa: E402
from alphaline.runtime.line import LineLoop  # noqa: E402
from alphaline.runtime.reference import ReferenceData  # noqa: E402
from alphaline.runtime.service import (  # noqa: E402
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
)
from services.feature_streaming.adapters.snapshots import KafkaSnapshots  # noqa: E402
from services.feature_streaming.handlers import (  # noqa: E402
    BARS,
    LATE_BARS,
    OBSERVATIONS,
    VECTORS,
    FeatureStep,
)
from services.feature_streaming.recovery import recover  # noqa: E402
from services.feature_streaming.settings import Settings  # noqa: E402


def main() -> None:
    """Run the feature service until SIGTERM."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "feature_streaming")
    reference = ReferenceData(settings.reference_root)
    engine = loaded_engine(settings.feature_set, reference)
    stream = FeatureStream(
        engine, reference.sessions, determinism.fingerprint(engine.operator_version)
    )
    partitions = settings.own_partitions()
    with connections(settings, "feature_streaming", is_stopping) as (subscription, publisher):
        wait_for_topics(subscription, "feature_streaming", is_stopping)
        snapshots = KafkaSnapshots(subscription, publisher)
        start = recover(stream, snapshots, partitions)
        telemetry.ready_when(lambda: True)
        LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=FeatureStep(stream, snapshots, partitions, settings.snapshot_minutes, telemetry),
            inputs=start.inputs,
            line_times=start.line_times,
            decode=reference.decoder(settings.clones()),
            telemetry=telemetry,
            forward_to=[(topic, number) for topic in (VECTORS, LATE_BARS) for number in partitions],
            dead_letters_for=frozenset((BARS, OBSERVATIONS)),
            probe=fault_probe(settings.crash_at),
        ).run(is_stopping)


def loaded_engine(name: str, reference: ReferenceData) -> Engine:
    """Return the engine of a feature set, its compiled step loaded; an image is built by this call too."""
    engine = Engine(feature_set(name), reference.sessions)
    engine.warm_up()
    return engine


if __name__ == "__main__":
    main()
    end_process()
