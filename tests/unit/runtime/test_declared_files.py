from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alphaline.errors import DatasetError
from alphaline.runtime.declared_files import read_declared

TYPES = {"ts_event": "int64", "name": "string", "close": "float64", "volume": "int64"}
CSV = "ts_event,name,close,volume,adj_close\n2011-01-03,a,1.5,10,9\n2011-01-04,b,,20,9\n"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(CSV)
    return path


def test_a_csv_file_gives_its_declared_columns_alone(csv: Path) -> None:
    columns = read_declared(csv, TYPES)
    assert list(columns) == list(TYPES)
    assert columns["ts_event"].tolist() == ["2011-01-03", "2011-01-04"]
    assert columns["name"].tolist() == ["a", "b"]
    np.testing.assert_array_equal(columns["close"], [1.5, np.nan])
    assert columns["volume"].dtype == np.int64


def test_whole_numbers_of_a_csv_file_stay_numbers(csv: Path) -> None:
    csv.write_text(CSV.replace("2011-01-03", "0").replace("2011-01-04", "86400000000000"))
    assert read_declared(csv, TYPES)["ts_event"].tolist() == [0, 86_400_000_000_000]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1.5", "-", r"column close, row 1: expected a value of type float64, saw '-'"),
        (",20,9", ",2.5,9", r"column volume, row 2: expected a value of type int64, saw '2\.5'"),
        (",20,9", ",,9", r"column volume, row 2: expected a whole number, saw nothing"),
        (
            "close,volume",
            "price,volume",
            r"expected a CSV file with the columns ts_event, name, close",
        ),
        ("b,,20,9", "b,20,9", r"expected a CSV file with the columns"),
    ],
)
def test_a_broken_csv_row_is_named(csv: Path, old: str, new: str, message: str) -> None:
    csv.write_text(CSV.replace(old, new, 1))
    with pytest.raises(DatasetError, match=message):
        read_declared(csv, TYPES)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    for name in ("bars.csv", "bars.parquet"):
        with pytest.raises(DatasetError, match=f"{name}: no such file"):
            read_declared(tmp_path / name, TYPES)


def test_a_parquet_column_of_another_type_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    times = pa.array([0], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"ts_event": times, "close": [1.0]}), path)
    with pytest.raises(
        DatasetError,
        match=r"column ts_event: expected int64 as declared, saw timestamp\[us, tz=UTC\]; .*write midnight",
    ):
        read_declared(path, {"ts_event": "int64", "close": "float64"})
    assert read_declared(path, {"close": "float64"})["close"].tolist() == [1.0]
