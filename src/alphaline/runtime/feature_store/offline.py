"""Every row of a feature set, as Parquet parts in the folder that Feast's file source reads.

A part appears by an atomic rename after its bytes are on disk, so that a reader sees all of it or
nothing, and so does a writer that starts again after a crash.
"""

import fcntl
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa

from alphaline.errors import LineError
from alphaline.messages import FeatureVector, digest, encode
from alphaline.runtime.feature_store.parts import Parts, replace_durably
from alphaline.runtime.feature_store.table import FeatureTable, known_us, written_us


class OfflineWriter:
    """Appends feature vectors to the offline rows of one feature set.

    The name of a part is a function of where its rows stood in the log and of what they say: a batch
    that is delivered twice is the same file. Batches that overlap leave a row in two parts, equal
    byte for byte; Feast's readers return it once. Holds the folder's lock until it is closed.

    Raises
    ------
    LineError
        If another process writes this folder.
    """

    def __init__(self, folder: Path, table: FeatureTable) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._table = table
        self._lock = _lock(folder)
        for left_over in folder.glob("*.tmp"):  # of a writer that was killed
            left_over.unlink()
        create_empty(folder, table)
        self._parts = Parts(folder)

    def append(
        self, partition: int, first: int, last: int, vectors: Sequence[FeatureVector]
    ) -> Path:
        """Write the rows of one batch; they are on disk and visible when this returns.

        Parameters
        ----------
        partition, first, last
            Where the batch stood in the topic: its first and last offset.

        Raises
        ------
        MessageError
            If a vector is not a row of the table; nothing is written then.
        """
        rows = arrow_rows(self._table, vectors)
        content = digest(b"".join(encode(vector) for vector in vectors))[:12]
        path = self._folder / f"part-{partition:05d}-{first:020d}-{last:020d}-{content}.parquet"
        if not path.exists():
            replace_durably(path, rows)
        self._parts.compact()
        return path

    def close(self) -> None:
        """Give the folder back; every part is already durable."""
        self._lock.close()


def create_empty(folder: Path, table: FeatureTable) -> None:
    """Write a part without rows, so that the folder can be read before the first vector comes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "empty.parquet"
    if not path.exists():
        replace_durably(path, table.schema.empty_table())


def arrow_rows(table: FeatureTable, vectors: Sequence[FeatureVector]) -> pa.Table:
    """Return the offline rows of ``vectors``, in their order; null stays null."""
    values = table.matrix(vectors)
    arrays = [
        pa.array([vector.instrument for vector in vectors], pa.string()),
        *(pa.array(column, pa.float32(), from_pandas=True) for column in values.T),
        pa.array([vector.ts_event for vector in vectors], pa.int64()),
        pa.array([vector.ts_known for vector in vectors], pa.int64()),
        pa.array([vector.close for vector in vectors], pa.float64()),
        pa.array([vector.status for vector in vectors], pa.string()),
        pa.array([vector.engine for vector in vectors], pa.string()),
        pa.array([known_us(vector.ts_known) for vector in vectors], pa.timestamp("us", "UTC")),
        pa.array([written_us(vector) for vector in vectors], pa.timestamp("us", "UTC")),
    ]
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _lock(folder: Path) -> IO[str]:
    handle = (folder / ".lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise LineError(
            f"{folder}: expected to be its only writer, saw another process hold its lock; stop the"
            " other feature sink or give this one its own data root"
        ) from error
    return handle
