"""Wires step 2b: `features.vectors.v1` → Feast's online and offline store."""

from contextlib import closing

import structlog

from alphaline.runtime import determinism

determinism.apply()

from alphaline.features import feature_set  # noqa: E402 - numba reads its settings on import
from alphaline.messages import decode  # noqa: E402
from alphaline.runtime.awaited_topics import wait_for_topics  # noqa: E402
from alphaline.runtime.feature_store import FeatureTable, StorePaths  # noqa: E402
from alphaline.runtime.line import LineLoop  # noqa: E402
from alphaline.runtime.patience import StoppedError  # noqa: E402
from alphaline.runtime.service import (  # noqa: E402
    configure_logging,
    connections,
    end_process,
    fault_probe,
    start_telemetry,
    stop_on_signals,
)
from services.feature_sink.adapters.awaited import AwaitedRows  # noqa: E402
from services.feature_sink.adapters.offline import OfflineRows  # noqa: E402
from services.feature_sink.adapters.online import OnlineRows  # noqa: E402
from services.feature_sink.handlers import VECTORS, FeatureSink  # noqa: E402
from services.feature_sink.ports import RowStore  # noqa: E402
from services.feature_sink.settings import Settings  # noqa: E402


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
        closing(OnlineRows(settings, paths, tables)) as rows,
        connections(settings, "feature_sink", is_stopping) as (subscription, publisher),
    ):
        wait_for_topics(subscription, "feature_sink", is_stopping)
        online = AwaitedRows("online", rows, telemetry, is_stopping)
        stores: dict[str, RowStore] = {"offline": offline, "online": online}
        step = FeatureSink(tables, stores, subscription, settings.flush_rows, telemetry)
        telemetry.ready_when(online.is_available)
        line = LineLoop(
            subscription=subscription,
            publisher=publisher,
            step=step,
            inputs={(VECTORS, number): None for number in settings.own_partitions()},
            decode=decode,
            telemetry=telemetry,
            probe=fault_probe(settings.crash_at),
        )
        try:
            online.tend()
            line.run(is_stopping)
            step.flush()
        except StoppedError:
            structlog.get_logger().warning("rows_left_in_the_topic")


if __name__ == "__main__":
    main()
    end_process()
