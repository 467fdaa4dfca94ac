"""The offline store: every row, as Parquet parts where Feast's file source reads them."""

from collections.abc import Mapping, Sequence

from alphaline.runtime.feature_store import FeatureTable, OfflineWriter, StorePaths
from services.feature_sink.ports import Batch


class OfflineRows:
    """Appends one Parquet part per batch."""

    def __init__(self, paths: StorePaths, tables: Mapping[str, FeatureTable]) -> None:
        self._writers = {
            name: OfflineWriter(paths.offline(name), table) for name, table in tables.items()
        }

    def write(self, batches: Sequence[Batch]) -> int:
        """Append every batch; return the number of rows."""
        for batch in batches:
            writer = self._writers[batch.feature_set]
            writer.append(batch.partition, batch.first, batch.last, batch.vectors)
        return sum(len(batch.vectors) for batch in batches)

    def tend(self) -> None:
        """Do nothing: a part that was written is on disk."""

    def close(self) -> None:
        """Give the folders back."""
        for writer in self._writers.values():
            writer.close()
