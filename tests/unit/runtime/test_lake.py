from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import DatasetError
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS, Bar, Clock, Observation, digest, encode
from alphaline.runtime import lake_files
from alphaline.runtime.datasets import read_session_columns
from alphaline.runtime.lake import LakeRow, LakeWriter
from alphaline.runtime.lake_reader import LakeReader

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
SESSIONS = SessionTable(**read_session_columns(SAMPLE / "xnys_sessions.parquet"))
BARS, OBSERVED = "market.bars.v1", "market.observations.v1"
START = int(SESSIONS.start[2800])
TWO_SESSIONS = int(SESSIONS.end[2801]) - START


def bar(ts: int, instrument: str = "eq.us.spy", close: float = 129.25) -> Bar:
    return Bar(
        instrument=instrument,
        ts_event=ts,
        ts_known=ts + MINUTE_NS,
        open=129.2,
        high=130.1,
        low=129.1,
        close=close,
        volume=1500.0,
        venue="ARCX",
    )


def clock(ts: int, previous: int) -> Clock:
    return Clock(
        ts=ts,
        previous=previous,
        epoch=3,
        kind="tick" if previous else "start",
        allowed_lateness_ms=120_000,
    )


def observation(ts: int) -> Observation:
    return Observation(
        series="VIX",
        ts_event=ts - ts % 86_400_000_000_000,
        ts_known=ts,
        value=20.08,
        unit="index points",
        dataset="vix_daily",
    )


def row(
    offset: int, message: Bar | Clock | Observation, topic: str = BARS, late: bool = False
) -> LakeRow:
    return LakeRow(topic, 0, offset, message, encode(message), late)


def write(root: Path, rows: list[LakeRow]) -> list[Path]:
    writer = LakeWriter(root, SESSIONS.labels_from)
    for one in rows:
        writer.append(one)
    assert writer.pending == len(rows)
    return writer.flush()


def read(root: Path, topic: str = BARS) -> list[tuple[int, object, str, bool]]:
    return [tuple(message) for message in LakeReader(root).log(topic, 0).messages()]


def expected(rows: list[LakeRow]) -> list[tuple[int, object, str, bool]]:
    return [(r.offset, r.message, digest(r.raw), r.late) for r in rows]


@pytest.fixture
def log() -> list[LakeRow]:
    """Ten minutes over the end of a session: two instruments, a repetition, a late bar."""
    rows: list[LakeRow] = []
    previous = 0
    first = int(SESSIONS.end[2800]) - 5 * MINUTE_NS
    for minute in range(5):
        ts = first + minute * MINUTE_NS
        rows.append(row(len(rows), bar(ts)))
        rows.append(row(len(rows), bar(ts, "eq.us.ibm")))
        rows.append(row(len(rows), clock(ts + MINUTE_NS, previous)))
        previous = ts + MINUTE_NS
    rows.append(row(len(rows), bar(first)))
    rows.append(row(len(rows), bar(first + 30, close=1e-9), late=True))
    return rows


@st.composite
def logs(draw: st.DrawFn) -> list[LakeRow]:
    """Draw a log whose bars come in any order of event time and whose offsets have gaps."""
    rows: list[LakeRow] = []
    offset, ts = draw(st.integers(0, 10**12)), START
    prices = st.floats(min_value=1e-9, max_value=1e9)
    for _ in range(draw(st.integers(1, 25))):
        offset += draw(st.integers(1, 5))
        if draw(st.booleans()):
            previous, ts = ts, ts + draw(st.integers(1, TWO_SESSIONS // 30))
            rows.append(row(offset, clock(ts, previous)))
            continue
        event = START + draw(st.integers(0, TWO_SESSIONS))
        instrument = draw(st.sampled_from(["eq.us.spy", "eq.us.ibm", "eq.us.spy.c_007"]))
        late = draw(st.booleans())
        rows.append(row(offset, bar(event, instrument, draw(prices)), late=late))
    return rows


@settings(max_examples=40, deadline=None)
@given(rows=logs(), data=st.data())
def test_any_log_in_any_overlapping_batches_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[LakeRow], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("lake")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
    starts, ends = [0, *cuts], [*cuts, len(rows)]
    for start, end in zip(starts, ends, strict=True):
        # After a crash a batch begins before the end of the one before it.
        repeated = data.draw(st.integers(0, start))
        write(root, rows[repeated:end])
    assert read(root) == expected(rows)


def test_the_same_offsets_give_the_same_names_and_bytes(tmp_path: Path, log: list[LakeRow]) -> None:
    first = {path: path.read_bytes() for path in write(tmp_path, log)}
    again = {path: path.read_bytes() for path in write(tmp_path, list(reversed(log)))}
    assert first == again
    assert len(first) == 3


def test_files_lie_where_the_layout_says(tmp_path: Path, log: list[LakeRow]) -> None:
    seen = row(0, observation(int(SESSIONS.close[2800]) + 30 * MINUTE_NS), OBSERVED)
    paths = {str(path.relative_to(tmp_path)) for path in write(tmp_path, [*log, seen])}
    day = np.datetime64(int(SESSIONS.session[2800]), "ns").astype("datetime64[D]")
    assert paths == {
        f"bars/instrument=eq.us.spy/session={day}/market.bars.v1-0-0-16.parquet",
        f"bars/instrument=eq.us.ibm/session={day}/market.bars.v1-0-1-13.parquet",
        f"clock/partition=0/session={day}/market.bars.v1-0-2-14.parquet",
        f"observations/session={day}/market.observations.v1-0-0-0.parquet",
    }


def test_a_crash_between_write_and_rename_leaves_nothing_to_read(
    tmp_path: Path, log: list[LakeRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, log[:6])

    def crash(_: Path, __: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(Path, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, log[6:])
    assert list(tmp_path.rglob("*.tmp"))
    assert read(tmp_path) == expected(log[:6])
    write(tmp_path, log[6:])
    assert read(tmp_path) == expected(log)
    assert not list(tmp_path.rglob("*.tmp"))


def test_one_offset_with_two_contents_is_an_error(tmp_path: Path, log: list[LakeRow]) -> None:
    write(tmp_path, log)
    write(tmp_path, [row(3, bar(log[3].message.ts_event, close=129.26))])
    with pytest.raises(DatasetError, match=r"market\.bars\.v1\[0\] offset 3, saw two"):
        read(tmp_path)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def renamed(path: Path) -> None:
    path.rename(path.with_name("market.bars.v1-0-0-999.parquet"))


def foreign(path: Path) -> None:
    pl.DataFrame({"offset": [0], "close": [1.0]}).write_parquet(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (torn, r"expected a whole Parquet file.*read market\.bars\.v1\[0\] again from offset 0"),
        (emptied, "expected a whole Parquet file"),
        (renamed, "expected the offsets that its name says"),
        (foreign, "was not written by this version of the lake sink"),
    ],
)
def test_a_damaged_file_is_named_with_its_remedy(
    tmp_path: Path, log: list[LakeRow], damage: Callable[[Path], None], message: str
) -> None:
    files = write(tmp_path, log)
    damage(next(path for path in files if "eq.us.spy" in str(path)))
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


def test_a_file_with_another_kind_of_name_is_refused(tmp_path: Path, log: list[LakeRow]) -> None:
    folder = write(tmp_path, log)[0].parent
    (folder / "mine.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"mine\.parquet: expected <topic>-<partition>"):
        LakeReader(tmp_path).bars("eq.us.spy")


def test_a_log_is_cut_between_two_clock_records(tmp_path: Path, log: list[LakeRow]) -> None:
    write(tmp_path, log)
    times = [r.message.ts for r in log if isinstance(r.message, Clock)]
    reader = LakeReader(tmp_path)

    def offsets(from_ts: int | None, to_ts: int | None) -> list[int]:
        return reader.log(BARS, 0, from_ts, to_ts).offset.tolist()

    assert offsets(times[0], times[2]) == [3, 4, 5, 6, 7, 8]
    assert offsets(times[0] + 1, times[2] + 1) == [3, 4, 5, 6, 7, 8]
    assert offsets(times[3], None) == [12, 13, 14, 15, 16]
    assert offsets(None, times[0]) == [0, 1, 2]
    assert offsets(None, times[0] - 1) == []
    assert offsets(0, None) == list(range(17))


def test_observations_are_merged_with_their_clock_records(tmp_path: Path) -> None:
    known = int(SESSIONS.close[2800]) + 30 * MINUTE_NS
    rows = [
        row(0, clock(known - MINUTE_NS, 0), OBSERVED),
        row(1, observation(known), OBSERVED),
        row(2, clock(known, known - MINUTE_NS), OBSERVED),
    ]
    write(tmp_path, rows)
    assert read(tmp_path, OBSERVED) == expected(rows)
    assert read(tmp_path, BARS) == []


def test_bars_of_an_instrument_keep_late_ones_and_repetitions(
    tmp_path: Path, log: list[LakeRow]
) -> None:
    write(tmp_path, log)
    reader = LakeReader(tmp_path)
    bars = reader.bars("eq.us.spy")
    assert bars["offset"].tolist() == [0, 3, 6, 9, 12, 15, 16]
    assert bars["late"].tolist() == [False] * 6 + [True]
    assert reader.instruments() == ("eq.us.ibm", "eq.us.spy")
    assert reader.partitions() == ((BARS, 0),)
    assert len(reader.bars("eq.us.aapl")["offset"]) == 0


def test_an_empty_lake_has_an_empty_log(tmp_path: Path) -> None:
    assert len(LakeReader(tmp_path).log(BARS, 0)) == 0


def test_other_tools_read_the_lake_as_hive_partitions(tmp_path: Path, log: list[LakeRow]) -> None:
    path = write(tmp_path, log)[0]
    frame = pl.read_parquet(tmp_path / "bars", hive_partitioning=True)
    assert frame.height == 12
    assert set(frame["instrument"]) == {"eq.us.spy", "eq.us.ibm"}
    assert pq.read_table(path).num_rows == 7
    assert (
        pl.read_parquet(tmp_path / "clock", hive_partitioning=True)["partition"].to_list()
        == [0] * 5
    )


@pytest.mark.parametrize("instrument", ["", "../x", "a/b", "a b", "a\x00"])
def test_an_id_that_is_no_folder_name_is_refused(tmp_path: Path, instrument: str) -> None:
    with pytest.raises(DatasetError, match="expected an instrument id"):
        write(tmp_path, [row(0, bar(START, instrument))])


def test_an_instant_outside_the_session_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="extend it"):
        write(tmp_path, [row(0, bar(MINUTE_NS))])


def test_files_are_synced_before_they_are_renamed(
    tmp_path: Path, log: list[LakeRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    replace, fsync = Path.replace, lake_files.os.fsync

    def noted_replace(self: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(self, target)

    def noted_fsync(descriptor: int) -> None:
        seen.append("sync")
        fsync(descriptor)

    monkeypatch.setattr(Path, "replace", noted_replace)
    monkeypatch.setattr(lake_files.os, "fsync", noted_fsync)
    write(tmp_path, log[:1])
    assert seen == ["sync", "rename", "sync"]
