"""The last hour of the offline rows, read back: what a server that lost its rows is filled with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from alphaline.messages import FeatureVector
from alphaline.runtime.feature_store.newest import newest_of_each
from alphaline.runtime.feature_store.table import ENTITY, MAX_AGE, FeatureTable


def recent_vectors(folder: Path, table: FeatureTable) -> list[FeatureVector]:
    """Return the newest vector of each instrument that became known in the store's last hour.

    The hour before the newest row: an older one says nothing about the market any more (``MAX_AGE``),
    and so the work does not grow with the history. Other files are judged by their footers alone.
    """
    spans = {path: _newest_known(path) for path in folder.glob("*.parquet")}
    known = [newest for newest in spans.values() if newest is not None]
    if not known:
        return []
    since = max(known) - MAX_AGE
    found: list[FeatureVector] = []
    for path in sorted(path for path, newest in spans.items() if newest and newest >= since):
        rows = pq.read_table(path, filters=pc.field("ts_known") >= since)
        found = newest_of_each([*found, *_vectors(table, rows.to_pylist())])
    return found


def _newest_known(path: Path) -> datetime | None:
    metadata = pq.read_metadata(path)
    position = metadata.schema.to_arrow_schema().get_field_index("ts_known")
    groups = [
        metadata.row_group(number).column(position) for number in range(metadata.num_row_groups)
    ]
    return max((group.statistics.max for group in groups if group.num_values), default=None)


def _vectors(table: FeatureTable, rows: Sequence[Mapping[str, Any]]) -> list[FeatureVector]:
    return [
        FeatureVector(
            instrument=row[ENTITY],
            ts_event=row["ts_event"],
            ts_known=row["ts_known_ns"],
            feature_set=table.feature_set,
            values=tuple(row[column] for column in table.columns),
            status=row["status"],
            close=row["close"],
            engine=row["engine"],
        )
        for row in rows
    ]
