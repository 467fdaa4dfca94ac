"""Daily returns of trials: one Parquet file per series, named by the digest of its content."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from alphaline.errors import LedgerError
from alphaline.messages import digest

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


def write_returns(folder: Path, sessions: Times, returns: Floats) -> str:
    """Write a series durably and return its digest; a series that is there already stays as it is."""
    name = _digest(sessions, returns)
    path = _path(folder, name)
    if not path.exists():
        table = pa.table({"session": sessions, "net_return": returns})
        handle, partial = tempfile.mkstemp(dir=folder, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                pq.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).replace(path)
        finally:
            Path(partial).unlink(missing_ok=True)
        _sync(folder)
    return name


def read_returns(folder: Path, name: str) -> tuple[Times, Floats]:
    """Return sessions and daily returns of the series ``name``.

    Raises
    ------
    LedgerError
        If the file is missing, unreadable, or does not hold what it is named for.
    """
    path = _path(folder, name)
    try:
        table = pq.read_table(path)
        sessions, returns = table["session"].to_numpy(), table["net_return"].to_numpy()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise LedgerError(
            f"trial ledger: expected daily returns in {path}, saw {error}; restore the file"
        ) from error
    if _digest(sessions, returns) != name:
        raise LedgerError(
            f"trial ledger: expected the returns that {path} is named for, saw others; "
            "restore the file"
        )
    return sessions, returns


def _digest(sessions: Times, returns: Floats) -> str:
    return digest(sessions.tobytes() + returns.tobytes())


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _sync(folder: Path) -> None:
    # The name of a new file lives in its folder, which is synced apart from the file.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
