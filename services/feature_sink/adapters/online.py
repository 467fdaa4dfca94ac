"""The online store: the newest row of each instrument, where Feast serves it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from alphaline.runtime.feature_store import FeatureTable, OnlineWriter
from services.feature_sink.ports import Batch


class OnlineRows:
    """Writes Feast's SQLite file, one durable transaction per feature set and flush."""

    def __init__(self, path: Path, tables: Mapping[str, FeatureTable]) -> None:
        self._writers = {name: OnlineWriter(path, table) for name, table in tables.items()}

    def write(self, batches: Sequence[Batch]) -> int:
        """Write the newest vector of each instrument; return how many rows changed."""
        return sum(
            writer.write(
                [v for batch in batches if batch.feature_set == name for v in batch.vectors]
            )
            for name, writer in self._writers.items()
        )

    def close(self) -> None:
        """Close the file."""
        for writer in self._writers.values():
            writer.close()
