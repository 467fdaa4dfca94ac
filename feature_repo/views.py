"""One feature view per version of a feature set."""

from feast import FeatureView, Field, FileSource
from feast.data_format import ParquetFormat
from feast.types import Float32, Float64, Int64, PrimitiveFeastType, String

from alphaline.runtime.feature_store import ENTITY, FeatureTable, StorePaths
from alphaline.runtime.feature_store.table import MAX_AGE
from feature_repo.entities import instrument

ATTRIBUTE_TYPES: dict[str, PrimitiveFeastType] = {
    "ts_event": Int64,
    "ts_known_ns": Int64,
    "close": Float64,
    "status": String,
    "engine": String,
}


def source(table: FeatureTable, paths: StorePaths) -> FileSource:
    """Return the offline rows of ``table``: every Parquet part in its folder."""
    return FileSource(
        name=f"{table.feature_set}_rows",
        # Absolute, since Feast reads a relative path from the process's working directory.
        path=str(paths.offline(table.feature_set) / "*.parquet"),
        file_format=ParquetFormat(),
        timestamp_field="ts_known",
        created_timestamp_column="ts_written",
        description="Written by the feature sink from features.vectors.v1.",
    )


def feature_view(table: FeatureTable, rows: FileSource) -> FeatureView:
    """Return the view of ``table``: float32 columns, then what a row says beside its values."""
    return FeatureView(
        name=table.feature_set,
        entities=[instrument],
        ttl=MAX_AGE,
        schema=[
            Field(name=ENTITY, dtype=String),
            *(Field(name=column, dtype=Float32) for column in table.columns),
            *(Field(name=name, dtype=dtype) for name, dtype in ATTRIBUTE_TYPES.items()),
        ],
        source=rows,
        online=True,
        description="One row per released one-minute bar, known at the clock record that released it.",
    )
