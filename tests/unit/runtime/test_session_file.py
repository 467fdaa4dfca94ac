import shutil
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from alphaline.errors import DatasetError
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.session_file import JSON_FILE, PARQUET_FILE, read_sessions, write_json

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SAMPLE / PARQUET_FILE, tmp_path)
    write_json(tmp_path)
    return tmp_path


def test_the_json_gives_the_sessions_of_the_parquet_file_without_its_reader(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "alphaline.runtime.datasets", None)
    read = ReferenceData(folder).sessions
    with pytest.raises(DatasetError, match=f"{PARQUET_FILE}: expected {JSON_FILE} beside it"):
        read_sessions(SAMPLE)
    assert len(read) > 6000


def test_both_files_hold_the_same(folder: Path) -> None:
    read, expected = read_sessions(folder), read_sessions(SAMPLE)
    for name in ("session", "start", "open", "close", "end"):
        assert np.array_equal(getattr(read, name), getattr(expected, name))


def test_a_json_of_another_parquet_file_is_refused(folder: Path) -> None:
    with (folder / PARQUET_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(
        DatasetError, match=r"\.json: expected what xnys_sessions\.parquet.*write it again"
    ):
        read_sessions(folder)


def test_a_torn_json_is_refused(folder: Path) -> None:
    path = folder / JSON_FILE
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DatasetError, match=r"expected columns of sessions.*write it again"):
        read_sessions(folder)


def test_a_json_alone_is_enough_and_is_checked_as_a_table(folder: Path) -> None:
    (folder / PARQUET_FILE).unlink()
    assert len(read_sessions(folder)) > 6000
    columns = msgspec.json.decode((folder / JSON_FILE).read_bytes())
    columns["close"] = columns["open"]
    (folder / JSON_FILE).write_bytes(msgspec.json.encode(columns))
    with pytest.raises(DatasetError, match=r"xnys_sessions\.json"):
        read_sessions(folder)
