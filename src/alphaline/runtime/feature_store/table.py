"""Which columns the stored rows of a feature set have, and where the store's files lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alphaline.errors import ContractError, MessageError
from alphaline.messages import MINUTE_NS, FeatureVector

# A vector describes the market of its minute. After an hour it says nothing about it any more: a
# historical query returns null then. The bound also keeps Feast's range join linear: 7,800 decisions
# over 12,000 rows take 0.5 s with it and 32 s without. Feast applies it to no online store, so an
# online reader judges age by ``ts_known_ns``.
MAX_AGE = timedelta(hours=1)
PROJECT = "alphaline"
ENTITY = "instrument"
# What a stored row says beside the feature values, with Arrow's type; the order is that of the files.
ATTRIBUTES: dict[str, pa.DataType] = {
    "ts_event": pa.int64(),
    "ts_known_ns": pa.int64(),
    "close": pa.float64(),
    "status": pa.string(),
    "engine": pa.string(),
}
TIMES: dict[str, pa.DataType] = {
    "ts_known": pa.timestamp("us", "UTC"),
    "ts_written": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class StorePaths:
    """Where the feature store lies under one data root."""

    data_root: Path

    @property
    def folder(self) -> Path:
        """The folder of registry, online store and offline rows."""
        return self.data_root.absolute() / "feature_store"

    @property
    def registry(self) -> Path:
        """Feast's registry of entities, views and services."""
        return self.folder / "registry.db"

    @property
    def online(self) -> Path:
        """Feast's SQLite online store."""
        return self.folder / "online.db"

    def offline(self, feature_set: str) -> Path:
        """Return the folder of Parquet parts of ``feature_set``."""
        return self.folder / "offline" / feature_set


@dataclass(frozen=True)
class FeatureTable:
    """The stored form of one feature set.

    A row has the instrument, one float32 (or null) per column, and the attributes ``ts_event`` and
    ``ts_known_ns`` (UTC nanoseconds, exact), ``close``, ``status`` (one character per column) and
    ``engine``. Feast's own time stamps are ``ts_known`` and ``ts_written`` in microseconds.

    Raises
    ------
    ContractError
        If a column has the name of an attribute, or occurs twice.
    """

    feature_set: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        taken = {ENTITY, *ATTRIBUTES, *TIMES}
        clashes = sorted({name for name in self.columns if name in taken})
        if clashes or len(set(self.columns)) != len(self.columns):
            raise ContractError(
                f"feature set {self.feature_set}: expected distinct column names other than"
                f" {sorted(taken)}, saw {clashes or self.columns}; rename the columns"
            )

    @property
    def online_table(self) -> str:
        """Name of the table in the online store, as Feast forms it."""
        return f"{PROJECT}_{self.feature_set}"

    @property
    def features(self) -> tuple[str, ...]:
        """Everything that Feast serves for a row: the columns, then the attributes."""
        return (*self.columns, *ATTRIBUTES)

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the offline rows."""
        values = [(name, pa.float32()) for name in self.columns]
        return pa.schema([(ENTITY, pa.string()), *values, *ATTRIBUTES.items(), *TIMES.items()])

    def matrix(self, vectors: Sequence[FeatureVector]) -> NDArray[np.float32]:
        """Return the values of ``vectors``, one row each, NaN for null.

        Raises
        ------
        MessageError
            ``CONTRACT_VIOLATION``: another feature set, not one value and one status per column, or
            an infinite value.
        """
        for vector in vectors:
            self._check_shape(vector)
        shape = (len(vectors), len(self.columns))
        values = np.array([vector.values for vector in vectors], np.float32).reshape(shape)
        if np.isinf(values).any():
            vector = vectors[int(np.nonzero(np.isinf(values).any(axis=1))[0][0])]
            raise MessageError(
                "CONTRACT_VIOLATION",
                f"vector of {vector.instrument} at {vector.ts_event}: expected finite float32"
                " values or null, saw an infinite one",
            )
        return values

    def _check_shape(self, vector: FeatureVector) -> None:
        seen = (vector.feature_set, len(vector.values), len(vector.status))
        expected = (self.feature_set, len(self.columns), len(self.columns))
        if seen != expected:
            raise MessageError(
                "CONTRACT_VIOLATION",
                f"vector of {vector.instrument} at {vector.ts_event}: expected (feature set, values,"
                f" statuses) {expected}, saw {seen}; readers and writers must use one feature set",
            )


def known_us(ts_known: int) -> int:
    """Return ``ts_known`` (nanoseconds) in microseconds, rounded up.

    Rounded down, a row would be visible to a reader who asks up to 999 ns before it was known.
    """
    return -(-ts_known // 1000)


def written_us(vector: FeatureVector) -> int:
    """Return Feast's created time of a row in microseconds of line time.

    It is the knowledge time less one microsecond for each minute of the bar's age. One clock record
    may release several bars of an instrument (after a silence); Feast breaks such ties by created
    time, and so the latest bar wins. No wall clock: a row delivered twice is equal byte for byte.
    """
    return known_us(vector.ts_known) - (vector.ts_known - vector.ts_event) // MINUTE_NS
