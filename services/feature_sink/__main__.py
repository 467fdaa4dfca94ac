"""Wires step 2b: `features.vectors.v1` → Feast's online and offline store."""

from contextlib import closing

from alphaline.features import feature_set
from alphaline.messages import decode
from alphaline.runtime.feature_store import FeatureTable, StorePaths
from alphaline.runtime.line import LineLoop
from alphaline.runtime.service import (
    configure_logging,
    connections,
    fault_probe,
    start_telemetry,
    stop_on_signals,
)
from services.feature_sink.adapters.offline import OfflineRows
from services.feature_sink.adapters.online import OnlineRows
from services.feature_sink.handlers import VECTORS, FeatureSink
from services.feature_sink.ports import RowStore
from services.feature_sink.settings import Settings


def main() -> None:
    """Run the feature sink until SIGTERM."""
    configure_logging()
    settings = Settings()
    is_stopping = stop_on_signals()
    telemetry = start_telemetry(settings, "feature_sink")
    paths = StorePaths(settings.data_root)
    tables = {
        name: FeatureTable(name, feature_set(name).column_names)
        for name in settings.stored_feature_sets()
    }
    with (
        closing(OfflineRows(paths, tables)) as offline,
        closing(OnlineRows(paths.online, tables)) as online,
        connections(settings, "feature_sink") as (subscription, publisher),
    ):
        stores: dict[str, RowStore] = {"offline": offline, "online": online}
        step = FeatureSink(tables, stores, subscription, settings.flush_rows, telemetry)
        telemetry.ready_when(lambda: True)
        LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=step,
            inputs={(VECTORS, number): None for number in settings.own_partitions()},
            decode=decode,
            telemetry=telemetry,
            probe=fault_probe(settings.crash_at),
        ).run(is_stopping)
        step.flush()


if __name__ == "__main__":
    main()
