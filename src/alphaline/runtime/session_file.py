"""The session table of a folder of reference data: Parquet, or the same as JSON for who reads no Parquet.

Run as ``python -m alphaline.runtime.session_file FOLDER``, it writes the JSON beside the Parquet file.
The services that compute and decide need nothing else of Parquet, whose reader is larger than they are.
"""

import hashlib
import sys
from pathlib import Path

import msgspec
import numpy as np

from alphaline.errors import DatasetError
from alphaline.market.sessions import SessionTable

PARQUET_FILE = "xnys_sessions.parquet"
JSON_FILE = "xnys_sessions.json"


class SessionColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The columns of a session table; ``made_of`` is the SHA-256 of the Parquet file that has them."""

    made_of: str
    session: list[int]
    start: list[int]
    open: list[int]
    close: list[int]
    end: list[int]


def read_sessions(root: Path) -> SessionTable:
    """Return the sessions in a folder of reference data.

    Raises
    ------
    DatasetError
        If neither file can be read, or the JSON was made of another Parquet file than lies beside it.
    """
    plain, parquet = root / JSON_FILE, root / PARQUET_FILE
    path = plain if plain.exists() else parquet
    try:
        return _of_json(plain, parquet) if path == plain else _of_parquet(parquet)
    except DatasetError as error:
        raise DatasetError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error


def write_json(root: Path) -> Path:
    """Write the JSON of the folder's Parquet file beside it, and return its path."""
    table = _of_parquet(root / PARQUET_FILE)
    names = ("session", "start", "open", "close", "end")
    columns = {name: getattr(table, name).tolist() for name in names}
    target = root / JSON_FILE
    made = SessionColumns(_digest(root / PARQUET_FILE), **columns)
    target.write_bytes(msgspec.json.encode(made))
    return target


def _of_json(plain: Path, parquet: Path) -> SessionTable:
    again = f"write it again: python -m alphaline.runtime.session_file {plain.parent}"
    try:
        found = msgspec.json.decode(plain.read_bytes(), type=SessionColumns)
    except msgspec.DecodeError as error:
        raise DatasetError(f"expected columns of sessions, saw {error}; {again}") from error
    if parquet.exists() and _digest(parquet) != found.made_of:
        raise DatasetError(
            f"expected what {parquet.name} beside it holds, saw what another file held; {again}"
        )
    columns = (found.session, found.start, found.open, found.close, found.end)
    return SessionTable(*(np.array(column, dtype=np.int64) for column in columns))


def _of_parquet(path: Path) -> SessionTable:
    try:
        from alphaline.runtime.datasets import read_session_columns  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise DatasetError(
            f"expected {JSON_FILE} beside it, for what runs here reads no Parquet ({error}); where "
            f"pyarrow is installed: python -m alphaline.runtime.session_file {path.parent}"
        ) from error
    return SessionTable(**read_session_columns(path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(f"{write_json(Path(sys.argv[1]))}\n")
