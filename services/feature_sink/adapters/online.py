"""The online store: the newest row of each instrument, where Feast serves it."""

from collections.abc import Mapping, Sequence

from alphaline.runtime.feature_store import (
    FeatureTable,
    OnlineStoreSettings,
    StorePaths,
    open_online,
)
from services.feature_sink.ports import Batch


class OnlineRows:
    """Writes the chosen online store, one batch per feature set and flush."""

    def __init__(
        self, store: OnlineStoreSettings, paths: StorePaths, tables: Mapping[str, FeatureTable]
    ) -> None:
        self._writers = {name: open_online(store, paths, table) for name, table in tables.items()}

    def write(self, batches: Sequence[Batch]) -> int:
        """Write the newest vector of each instrument; return how many rows changed."""
        return sum(
            writer.write(
                [v for batch in batches if batch.feature_set == name for v in batch.vectors]
            )
            for name, writer in self._writers.items()
        )

    def tend(self) -> None:
        """Bring back what a server lost since the last batch, if it did."""
        for writer in self._writers.values():
            writer.tend()

    def close(self) -> None:
        """Release the store."""
        for writer in self._writers.values():
            writer.close()
