from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alphaline.errors import DatasetError
from alphaline.market.instruments import parse_instruments
from alphaline.market.recorded import recorded_bars
from alphaline.runtime.bar_files import read_bar_columns
from alphaline.runtime.datasets import read_columns, read_session_columns

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
HEADER = "timestamp,open,high,low,close,volume"
VALUES = "129.0,129.5,128.5,129.25,1500"
NINE_THIRTY = int(datetime(2011, 3, 14, 13, 30, tzinfo=UTC).timestamp()) * 1_000_000_000


def csv(folder: Path, *times: str, header: str = HEADER, values: str = VALUES) -> Path:
    path = folder / "mine.csv"
    path.write_text("\n".join([header, *(f"{time},{values}" for time in times)]) + "\n")
    return path


@pytest.mark.parametrize(
    ("time", "zone"),
    [
        ("2011-03-14T13:30:00Z", None),
        ("2011-03-14 13:30:00+00:00", None),
        ("2011-03-14T09:30:00-04:00", None),
        ("2011-03-14 13:30:00", "UTC"),
        ("2011-03-14 09:30:00", "America/New_York"),
        ("2011-03-14T09:30", "America/New_York"),
        (" 2011-03-14 09:30:00 ", "America/New_York"),
        (str(NINE_THIRTY // 10**9), None),
        (str(NINE_THIRTY // 10**6), None),
        (str(NINE_THIRTY // 10**3), None),
        (str(NINE_THIRTY), None),
    ],
)
def test_every_unambiguous_way_to_write_a_time_is_read(
    tmp_path: Path, time: str, zone: str | None
) -> None:
    columns = read_bar_columns(csv(tmp_path, time), zone)
    assert columns["ts_event"].tolist() == [NINE_THIRTY]
    assert columns["ts_event"].dtype == np.int64
    assert [columns[name][0] for name in HEADER.split(",")[1:]] == [
        129.0,
        129.5,
        128.5,
        129.25,
        1500.0,
    ]


@pytest.mark.parametrize("name", ["ts", "ts_event", "Timestamp"])
def test_the_time_column_has_three_names_in_any_case(tmp_path: Path, name: str) -> None:
    path = csv(tmp_path, str(NINE_THIRTY), header=f"{name},Open,HIGH,low,Close,Volume")
    assert read_bar_columns(path)["ts_event"].tolist() == [NINE_THIRTY]


@pytest.mark.parametrize(
    ("times", "zone", "message"),
    [
        (["2011-03-14 09:30:00"], None, r"column timestamp, row 1: expected a time with its zone"),
        (["2011-03-14T09:30:00Z"], "UTC", "row 1: expected a time without a zone"),
        (["2011-03-14 09:30:00", "noon"], "UTC", "column timestamp, row 2: .* saw 'noon'; correct the row"),
        (["2011-03-14 09:30:00", ""], "UTC", "column timestamp, row 2"),
        (["2011-03-13 02:30:00"], "America/New_York", "row 1: expected a time that exists once in America"),
        (["2011-11-06 00:30:00", "2011-11-06 01:30:00"], "America/New_York", "row 2: .*exists once"),
        (["2011-03-14 09:30:00"], "New York", "unknown time zone 'New York'"),
        ([str(NINE_THIRTY), str(NINE_THIRTY // 1000)], None, "row 2: expected a time in the unit of the first"),
        (["20110314"], None, "row 1: expected a time in the unit of the first"),
        ([], None, "saw a file without a row"),
    ],
)  # fmt: skip
def test_a_time_that_is_not_certain_is_refused_with_its_row(
    tmp_path: Path, times: list[str], zone: str | None, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        read_bar_columns(csv(tmp_path, *times), zone)


@pytest.mark.parametrize(
    ("header", "values", "message"),
    [
        (
            "timestamp,open,high,low,close,vol",
            VALUES,
            "missing volume; the file has timestamp.*rename",
        ),
        ("when,open,high,low,close,volume", VALUES, "expected exactly one time column.* saw none"),
        ("ts,ts_event,high,low,close,volume", VALUES, "exactly one time column.* saw ts_event, ts"),
        ("timestamp,open,high,low,close,OPEN", VALUES, "expected distinct column names"),
        (HEADER, "129.0,129.5,-,129.25,1500", "column low, row 1: expected a number .* saw '-'"),
        (HEADER, "129.0,129.5,,129.25,1500", "column low, row 1: expected a number .* saw ''"),
        (HEADER, "129.0,129.5,129.25,1500", "same columns in each row"),
    ],
)
def test_a_csv_that_is_not_understood_is_refused(
    tmp_path: Path, header: str, values: str, message: str
) -> None:
    path = csv(tmp_path, "2011-03-14T13:30:00Z", header=header, values=values)
    with pytest.raises(DatasetError, match=message):
        read_bar_columns(path)


def parquet(folder: Path, times: pl.Series) -> Path:
    path = folder / "mine.parquet"
    values = {name: [1.0] * len(times) for name in ("open", "high", "low", "close", "volume")}
    pl.DataFrame({"ts": times, **values}).write_parquet(path)
    return path


def test_parquet_timestamps_of_any_unit_and_zone_are_read(tmp_path: Path) -> None:
    naive = pl.Series([datetime(2011, 3, 14, 9, 30)])  # noqa: DTZ001 - the point of this test
    zoned = naive.dt.cast_time_unit("ms").dt.replace_time_zone("America/New_York")
    assert read_bar_columns(parquet(tmp_path, zoned))["ts_event"].tolist() == [NINE_THIRTY]
    path = parquet(tmp_path, naive)
    assert read_bar_columns(path, "America/New_York")["ts_event"].tolist() == [NINE_THIRTY]
    with pytest.raises(DatasetError, match="its times carry no zone; name the zone"):
        read_bar_columns(path)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (pl.Series([date(2011, 3, 14)]), "expected text in ISO 8601.* saw date32"),
        (pl.Series([NINE_THIRTY, None]), "column ts, row 2: expected a time, saw nothing"),
    ],
)
def test_parquet_times_that_are_none_are_refused(
    tmp_path: Path, times: pl.Series, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        read_bar_columns(parquet(tmp_path, times))


def test_a_missing_torn_or_foreign_file_is_named(tmp_path: Path) -> None:
    torn = tmp_path / "torn.parquet"
    torn.write_bytes((SAMPLE / "spy_minute_2011.parquet").read_bytes()[:1000])
    with pytest.raises(DatasetError, match=r"torn\.parquet: expected a whole Parquet file"):
        read_bar_columns(torn)
    with pytest.raises(DatasetError, match=r"none\.parquet: no such file"):
        read_columns(tmp_path / "none.parquet")
    with pytest.raises(DatasetError, match=r"none\.csv: no such file"):
        read_bar_columns(tmp_path / "none.csv")
    with pytest.raises(
        DatasetError, match=r"expected a file named \.csv or \.parquet, saw '\.xlsx'"
    ):
        read_bar_columns(tmp_path / "mine.xlsx")


def test_a_lacking_column_and_a_null_whole_number_are_named(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    pl.DataFrame({"session": [1, None]}).write_parquet(path)
    with pytest.raises(DatasetError, match="missing start, open, close, end; the file has session"):
        read_session_columns(path)
    with pytest.raises(DatasetError, match="column session, row 2: expected a whole number"):
        read_columns(path)


def test_the_sample_as_csv_gives_the_same_bars(tmp_path: Path) -> None:
    master = parse_instruments((SAMPLE / "instruments.yaml").read_bytes(), "instruments")
    spy = master.require("eq.us.spy")
    frame = pl.read_parquet(SAMPLE / "spy_minute_2011.parquet").head(2000)
    path = tmp_path / "spy.csv"
    new_york = pl.from_epoch("ts_event", "ns").dt.replace_time_zone("UTC")
    new_york = new_york.dt.convert_time_zone("America/New_York").dt.strftime("%Y-%m-%d %H:%M:%S")
    frame.with_columns(new_york).write_csv(path)
    bars = recorded_bars(read_bar_columns(path, "America/New_York"), spy, "spy.csv")
    assert bars.ts_event.tolist() == frame["ts_event"].to_list()
    assert np.array_equal(bars.values[:, 3], frame["close"].to_numpy())
