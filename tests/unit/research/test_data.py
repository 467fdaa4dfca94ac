import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from alphaline.errors import DatasetError
from alphaline.market.closing_prices import series_id
from alphaline.market.sessions import session_label
from alphaline.research.data import ResearchData, load, load_sample

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
BARS_FILE = "equity_daily_wiki"


@pytest.fixture(scope="module")
def sample() -> ResearchData:
    return load_sample()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the sample's daily data to a folder, to break."""
    for path in SAMPLE.iterdir():
        if path.suffix in {".yaml", ".parquet"} and not path.stem.startswith("spy_minute"):
            shutil.copy(path, tmp_path)
    return tmp_path


def declare(folder: Path, dataset: str, **changes: Any) -> None:
    path = folder / f"{dataset}.yaml"
    raw = yaml.safe_load(path.read_bytes()) | changes
    path.write_text(yaml.safe_dump({key: value for key, value in raw.items() if value is not None}))


def rewrite(folder: Path, name: str, change: pl.Expr) -> None:
    path = folder / f"{name}.parquet"
    pl.read_parquet(path).with_columns(change).write_parquet(path)


def at(instrument: str, day: date) -> pl.Expr:
    return (pl.col("instrument") == instrument) & (pl.col("ts_event") == session_label(day))


def test_the_sample_holds_two_instruments_over_thirteen_years(sample: ResearchData) -> None:
    assert list(sample.bars) == ["eq.us.aapl", "eq.us.ibm"]
    assert {len(bars) for bars in sample.bars.values()} == {3270}
    assert sample.series() == ("UST_10Y", "UST_3M", "VIX", "AAPL_CLOSE", "IBM_CLOSE")
    assert set(sample.digests) == {
        "corporate_events",
        "equity_daily_wiki",
        "treasury_curve",
        "vix_daily",
        "xnys_sessions",
    }


def test_peers_and_macro_are_observed_as_of_each_decision(sample: ResearchData) -> None:
    session = sample.bars["eq.us.ibm"].session
    rows = sample.observed(("AAPL_CLOSE", "VIX"), session)
    assert rows.shape == (3270, 4)
    assert np.array_equal(rows[:, 0], sample.adjusted("eq.us.aapl").close)
    assert rows[:, [1, 3]].max() <= 1
    assert rows[:, 1].max() == 0


def test_an_undeclared_series_is_refused(sample: ResearchData) -> None:
    with pytest.raises(
        DatasetError, match="IBM_CLOSE, saw GDP; declare the series with its knowledge"
    ):
        sample.observed(("VIX", "GDP"), sample.bars["eq.us.ibm"].session)
    with pytest.raises(
        DatasetError, match=r"an instrument of eq\.us\.aapl, eq\.us\.ibm, saw 'AAPL'"
    ):
        sample.adjusted("AAPL")


def test_the_digest_is_of_the_content_and_not_of_the_file(copy: Path, sample: ResearchData) -> None:
    before = load(copy)
    assert before.digest == sample.digest
    rewrite(copy, BARS_FILE, pl.col("volume"))
    assert load(copy).digests == before.digests
    volume = pl.when(at("eq.us.ibm", date(2005, 3, 1))).then(1).otherwise(0) + pl.col("volume")
    rewrite(copy, BARS_FILE, volume.cast(pl.Int64).alias("volume"))
    changed = load(copy)
    assert [name for name in before.digests if changed.digests[name] != before.digests[name]] == [
        BARS_FILE
    ]
    assert changed.digest != before.digest


def test_the_digest_tells_the_knowledge_time(copy: Path) -> None:
    before = load(copy)
    rule = {"rule": "next_session_at", "new_york": "07:00", "reason": "test"}
    declare(copy, BARS_FILE, knowledge_time=rule)
    assert load(copy).digests[BARS_FILE] != before.digests[BARS_FILE]


def test_a_split_that_is_missing_from_the_events_is_refused(copy: Path) -> None:
    events = copy / "corporate_events.parquet"
    kept = pl.read_parquet(events).filter(~at("eq.us.aapl", date(2005, 2, 28)))
    kept.write_parquet(events)
    with pytest.raises(
        DatasetError, match=r"eq\.us\.aapl: row 1255, session 2005-02-28: .*2 for 1"
    ):
        load(copy)


def test_an_undeclared_real_move_is_refused(copy: Path) -> None:
    events = copy / "corporate_events.parquet"
    pl.read_parquet(events).filter(pl.col("kind") != "real_move").write_parquet(events)
    with pytest.raises(
        DatasetError, match=r"session 2000-09-29: .* declare the split, or a real_move"
    ):
        load(copy)


def test_bars_that_come_after_the_decision_are_refused(copy: Path) -> None:
    rule = {"rule": "next_session_at", "new_york": "09:15", "reason": "test"}
    declare(copy, BARS_FILE, knowledge_time=rule)
    with pytest.raises(
        DatasetError, match=r"2000-03-01: the bar is known at 2000-03-02T14:15.* 2000-03-02T14:00"
    ):
        load(copy)


def test_a_dataset_without_knowledge_time_is_refused(copy: Path) -> None:
    declare(copy, BARS_FILE, knowledge_time=None)
    with pytest.raises(DatasetError, match="does not declare when its rows were known"):
        load(copy)


def test_bars_without_declared_events_are_refused(copy: Path) -> None:
    (copy / "corporate_events.yaml").unlink()
    with pytest.raises(
        DatasetError, match=r"no dataset of kind corporate_events knows eq\.us\.aapl"
    ):
        load(copy)


def test_one_instrument_in_two_datasets_is_refused(copy: Path) -> None:
    shutil.copy(copy / f"{BARS_FILE}.yaml", copy / "again.yaml")
    declare(copy, "again", name="again")
    with pytest.raises(DatasetError, match=r"eq\.us\.aapl has bars in another dataset too"):
        load(copy)


def test_a_broken_row_is_refused_and_a_declared_repair_accepts_it(copy: Path) -> None:
    day = date(2005, 3, 1)
    high = pl.when(at("eq.us.ibm", day)).then(pl.col("low")).otherwise(pl.col("high"))
    rewrite(copy, BARS_FILE, high.alias("high"))
    with pytest.raises(
        DatasetError, match=r"eq\.us\.ibm: row 1256, session 2005-03-01, is OPEN_OR"
    ):
        load(copy)
    repair = {"instrument": "eq.us.ibm", "session": day, "action": "drop", "reason": "test"}
    declare(copy, BARS_FILE, repairs=[repair])
    assert len(load(copy).bars["eq.us.ibm"]) == 3269


def test_an_unknown_key_of_a_repair_or_span_is_refused(copy: Path) -> None:
    declare(copy, BARS_FILE, repairs=[{"instrument": "eq.us.ibm", "fix": "drop"}])
    with pytest.raises(DatasetError, match=r"unknown key 'repairs\.fix'"):
        load(copy)


def test_an_adjusted_close_is_not_read_unless_declared(copy: Path, sample: ResearchData) -> None:
    rewrite(copy, BARS_FILE, pl.lit(1.0).alias("adj_close"))
    assert load(copy).digest == sample.digest
    raw = yaml.safe_load((copy / f"{BARS_FILE}.yaml").read_bytes())
    column = {"name": "adj_close", "type": "float64", "unit": "USD", "meaning": "adjusted"}
    declare(copy, BARS_FILE, columns=[*raw["columns"], column])
    with pytest.raises(DatasetError, match="unknown adj_close"):
        load(copy)


def as_csv(folder: Path, labels: dict[int, str]) -> None:
    """Rewrite the bars as CSV with dates as text; ``labels`` replaces those of some rows."""
    path = folder / f"{BARS_FILE}.parquet"
    frame = pl.read_parquet(path).with_columns(
        pl.from_epoch("ts_event", time_unit="ns").dt.strftime("%Y-%m-%d")
    )
    text = frame["ts_event"].to_list()
    for row, label in labels.items():
        text[row] = label
    frame.with_columns(ts_event=pl.Series(text)).write_csv(folder / f"{BARS_FILE}.csv")
    path.unlink()
    declare(folder, BARS_FILE, file=f"{BARS_FILE}.csv")


def test_a_csv_file_gives_the_same_bars(copy: Path, sample: ResearchData) -> None:
    as_csv(copy, {})
    bars = load(copy).bars
    assert {name: found.digest for name, found in bars.items()} == {
        name: found.digest for name, found in sample.bars.items()
    }


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            {2: "2000-03-03T00:00:00-05:00"},
            "row 3: expected a time in UTC, saw 2000-03-03T00:00:00-05",
        ),
        ({2: "2000-03-03 00:00:00"}, "row 3: 2000-03-03 00:00:00 carries no time zone"),
        ({2: "2000-03-03T16:00:00Z"}, "row 3: .* which is not midnight UTC"),
        ({2: "2000-03-02"}, "row 3: session 2000-03-02 repeats 2000-03-02"),
        ({2: "2000-03-04"}, "row 3: 2000-03-04 is no session of the calendar"),
        ({2: "3/3/2000"}, "row 3: expected a date as 2011-01-03, saw '3/3/2000'"),
    ],
)
def test_a_label_of_a_file_that_names_no_session_is_refused(
    copy: Path, labels: dict[int, str], message: str
) -> None:
    as_csv(copy, labels)
    with pytest.raises(DatasetError, match=rf"csv, eq\.us\.aapl: {message}"):
        load(copy)


def test_the_series_of_an_instrument_is_named_by_its_ticker() -> None:
    assert series_id("eq.us.ibm") == "IBM_CLOSE"


def test_a_span_keeps_both_of_its_ends_and_an_instrument_without_bars_is_gone(
    sample: ResearchData,
) -> None:
    cut = sample.between(date(2003, 2, 3), date(2003, 2, 28))
    assert {name: len(own) for name, own in cut.bars.items()} == {"eq.us.aapl": 19, "eq.us.ibm": 19}
    assert cut.bars["eq.us.ibm"].session[[0, -1]].tolist() == [
        session_label(date(2003, 2, 3)),
        session_label(date(2003, 2, 28)),
    ]
    assert cut.digests == sample.digests
    assert sample.between(date(2020, 1, 2), date(2020, 1, 3)).bars == {}


def test_a_span_is_adjusted_from_its_own_first_bar(sample: ResearchData) -> None:
    # AAPL split 2:1 on 2005-02-28: before it, a share is one; after it, two.
    cut = sample.between(date(2005, 2, 25), date(2005, 2, 28)).adjusted("eq.us.aapl")
    assert cut.factor.tolist() == [1.0, 2.0]
