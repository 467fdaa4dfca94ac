"""Plain Feast reads what our writers wrote to files, and our bytes are Feast's bytes."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from feast import FeatureStore
from feast.infra.key_encoding_utils import serialize_entity_key
from feast.infra.online_stores.helpers import extract_text_and_num
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alphaline.messages import MINUTE_NS
from alphaline.runtime.feature_store import (
    OfflineWriter,
    StorePaths,
    encoding,
)
from alphaline.runtime.feature_store.sqlite_online import SqliteOnlineWriter
from alphaline.runtime.telemetry import Telemetry
from tests.feature_rows import (
    IBM,
    SPY,
    TABLE,
    closing_store,
    feast_writes,
    float32s,
    known,
    rows,
    served,
    vector,
)

# DuckDB's client warns about its own caller, ibis.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with closing_store(tmp_path) as applied:
        yield applied


@pytest.fixture
def online(tmp_path: Path) -> Iterator[SqliteOnlineWriter]:
    with closing(SqliteOnlineWriter(StorePaths(tmp_path).online, TABLE)) as writer:
        yield writer


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[OfflineWriter]:
    with closing(OfflineWriter(StorePaths(tmp_path).offline("intraday_v1"), TABLE)) as writer:
        yield writer


def history(store: FeatureStore, instrument: str, *asked_at: pd.Timestamp) -> pd.DataFrame:
    asks = pd.DataFrame({"instrument": instrument, "event_timestamp": list(asked_at)})
    service = store.get_feature_service("spy_intraday_v1")
    rows = store.get_historical_features(asks, service).to_df()
    return rows.sort_values("event_timestamp").reset_index(drop=True)


def stored(path: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT entity_key, feature_name, value, value_text, event_ts, created_ts"
            ' FROM "alphaline_intraday_v1" ORDER BY 1, 2'
        ).fetchall()


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.text())
def test_an_entity_key_is_spelt_as_feast_spells_it(join_key: str, instrument: str) -> None:
    key = EntityKey(join_keys=[join_key], entity_values=[Value(string_val=instrument)])
    assert encoding.entity_key(join_key, instrument) == serialize_entity_key(key, 3)


@given(st.lists(float32s, min_size=1))
@example([float(np.float32(1e-4)), 6.103515625e-05, float(np.float32(1e16)), 1e-45, -0.0])
def test_float_values_and_texts_are_spelt_as_feast_spells_them(numbers: list[float]) -> None:
    row = np.array(numbers, np.float32)
    protos = [Value(float_val=number) for number in row]
    assert encoding.packed_floats(row) == b"".join(p.SerializeToString() for p in protos)
    texts = encoding.packed_texts(row).decode()
    width = encoding.TEXT_BYTES
    cut = [texts[width * i : width * (i + 1)].rstrip() for i in range(len(row))]
    assert cut == [extract_text_and_num(proto, compute_num=False)[0] for proto in protos]


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text())
def test_attribute_values_and_texts_are_spelt_as_feast_spells_them(
    number: int, price: float, text: str
) -> None:
    for cell, proto in (
        (encoding.int64_cell(number), Value(int64_val=number)),
        (encoding.double_cell(price), Value(double_val=price)),
        (encoding.string_cell(text), Value(string_val=text)),
    ):
        expected = extract_text_and_num(proto, compute_num=False)[0]
        assert cell == (proto.SerializeToString(), expected)
    assert encoding.int64_of(encoding.int64_cell(number)[0]) == number


def test_the_writer_creates_the_tables_that_feast_creates(
    tmp_path: Path, store: FeatureStore
) -> None:
    SqliteOnlineWriter(tmp_path / "ours.db", TABLE).close()
    definitions = []
    for path in (tmp_path / "ours.db", StorePaths(tmp_path).online):
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
            definitions.append(sorted(rows, key=str))
    assert definitions[0] == definitions[1]


@settings(max_examples=20, deadline=None)
@given(rows=rows)
def test_the_online_store_has_the_bytes_that_feast_writes(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, list[float | None], int]],
) -> None:
    vectors = [
        vector(5 * minute, values, instrument, delay)
        for minute, (instrument, values, delay) in enumerate(rows)
    ]
    ours, theirs = tmp_path_factory.mktemp("ours"), tmp_path_factory.mktemp("theirs")
    with (
        closing_store(theirs) as store,
        closing(SqliteOnlineWriter(StorePaths(ours).online, TABLE)) as writer,
    ):
        for one in vectors:
            feast_writes(store, one)
            writer.write([one])
        assert stored(StorePaths(ours).online) == stored(StorePaths(theirs).online)


def test_the_writer_goes_on_after_others_have_moved_its_rows(
    tmp_path: Path, store: FeatureStore, online: SqliteOnlineWriter
) -> None:
    online.write([vector(0), vector(0, instrument=IBM)])
    path = StorePaths(tmp_path).online
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute('DELETE FROM "alphaline_intraday_v1" WHERE rowid = 2')
        other.execute("VACUUM")
    feast_writes(store, vector(1, (9, 9, 9), "eq.us.aapl"))
    online.write([vector(2, (5, 6, 7)), vector(2, (8, None, 1), IBM)])
    online.write([vector(3, (4, 4, 4), "eq.us.aapl")])
    features = served(store, SPY, IBM, "eq.us.aapl")
    assert features["return_1m"] == [5.0, 8.0, 4.0]
    assert features["rsi_14"] == [6.0, None, 4.0]
    assert features["vix_close"] == [7.0, 1.0, 4.0]


def test_historical_features_are_what_was_written_with_null_as_nan(
    store: FeatureStore, offline: OfflineWriter
) -> None:
    spy = [vector(0, (0.1, None, -3e-38)), vector(1, (0.2, 1.0, 2.0))]
    ibm = [vector(0, (5.0, 6.0, None), IBM)]
    offline.append(0, 0, 1, spy)
    offline.append(1, 0, 0, ibm)
    for written, instrument in ((spy, SPY), (ibm, IBM)):
        rows = history(store, instrument, *(known(one) for one in written))
        values = rows[list(TABLE.columns)].to_numpy()
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, TABLE.matrix(written))
        assert rows["ts_event"].tolist() == [one.ts_event for one in written]
        assert rows["ts_known_ns"].tolist() == [one.ts_known for one in written]
        assert rows["status"].tolist() == [one.status for one in written]
        assert rows["engine"].tolist() == ["generic"] * len(written)


def test_a_row_is_invisible_one_microsecond_before_it_was_known(
    store: FeatureStore, offline: OfflineWriter
) -> None:
    first, second = vector(0, (1, 1, 1)), vector(1, (2, 2, 2))
    offline.append(0, 0, 1, [first, second])
    microsecond = timedelta(microseconds=1)
    asks = [known(first) - microsecond, known(first), known(second) - microsecond, known(second)]
    seen = history(store, SPY, *asks)["return_1m"]
    np.testing.assert_array_equal(seen, np.array([np.nan, 1, 1, 2], np.float32))


def test_a_row_known_within_a_microsecond_is_not_visible_before_its_end(
    store: FeatureStore, offline: OfflineWriter
) -> None:
    row = vector(0, (1, 1, 1), delay_ns=MINUTE_NS + 1)
    offline.append(0, 0, 0, [row])
    floor = pd.Timestamp(row.ts_known - 1, tz="UTC")
    seen = history(store, SPY, floor, floor + timedelta(microseconds=1))["return_1m"]
    np.testing.assert_array_equal(seen, np.array([np.nan, 1], np.float32))


def test_a_vector_older_than_its_time_to_live_is_null(
    store: FeatureStore, offline: OfflineWriter
) -> None:
    row = vector(0, (1, 1, 1))
    offline.append(0, 0, 0, [row])
    asks = [known(row) + timedelta(minutes=60), known(row) + timedelta(minutes=61)]
    seen = history(store, SPY, *asks)["return_1m"]
    np.testing.assert_array_equal(seen, np.array([1, np.nan], np.float32))


def test_rows_delivered_again_in_other_batches_are_returned_once(
    tmp_path: Path, store: FeatureStore, offline: OfflineWriter
) -> None:
    vectors = [vector(minute, (minute, minute, None)) for minute in range(6)]
    offline.append(0, 0, 3, vectors[:4])
    offline.append(0, 0, 3, vectors[:4])
    offline.append(0, 2, 5, vectors[2:])
    folder = StorePaths(tmp_path).offline("intraday_v1")
    assert len(list(folder.glob("part-*.parquet"))) == 2
    rows = history(store, SPY, *(known(one) for one in vectors))
    assert rows["return_1m"].tolist() == [0, 1, 2, 3, 4, 5]


def test_compaction_bounds_the_files_and_loses_no_row(
    tmp_path: Path, store: FeatureStore, offline: OfflineWriter
) -> None:
    folder = StorePaths(tmp_path).offline("intraday_v1")
    vectors = [vector(minute, (minute, None, 1)) for minute in range(600)]
    most = 0
    for first, one in enumerate(vectors):
        offline.append(0, first, first, [one])
        most = max(most, len(list(folder.glob("*.parquet"))))
    assert most <= 3 * 2 * 16
    rows = pq.read_table(folder).to_pandas().drop_duplicates()
    assert sorted(rows["return_1m"]) == list(range(600))
    asked = vectors[::7]
    seen = history(store, SPY, *(known(one) for one in asked))
    assert seen["return_1m"].tolist() == [one.values[0] for one in asked]


def test_a_killed_writer_leaves_nothing_that_a_reader_sees(
    tmp_path: Path, store: FeatureStore
) -> None:
    folder = StorePaths(tmp_path).offline("intraday_v1")
    (folder / ".part-x.parquet.tmp").write_bytes(b"PAR1 torn")
    assert history(store, SPY, known(vector(0)))["return_1m"].isna().all()
    OfflineWriter(folder, TABLE).close()
    assert not list(folder.glob(".*.tmp"))


def test_feast_leaves_the_metrics_of_this_process_and_its_children_alone() -> None:
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    first, second = Telemetry("one"), Telemetry("one")
    first.counter("line_minutes_total").inc()
    second.counter("line_minutes_total").inc()
    for telemetry in (first, second):
        seen = telemetry.registry.get_sample_value("line_minutes_total", {"service": "one"})
        assert seen == 1
