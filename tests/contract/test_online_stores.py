"""What every online store promises, shown on SQLite, a real Redis and a real Valkey through Feast."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from feast import FeatureStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphaline.errors import MessageError
from alphaline.messages import MINUTE_NS, FeatureVector
from alphaline.runtime.feature_store import (
    OfflineWriter,
    OnlineStoreSettings,
    OnlineWriter,
    StorePaths,
    open_online,
)
from alphaline.runtime.feature_store.newest import order
from alphaline.runtime.feature_store.table import MAX_AGE
from tests.feature_rows import (
    IBM,
    SPY,
    SQLITE,
    TABLE,
    closing_store,
    feast_writes,
    served,
    vector,
)
from tests.redis_servers import RedisServer, needs_servers, redis_server

SERVED = [
    pytest.param(kind, marks=[needs_servers, pytest.mark.servers]) for kind in ("redis", "valkey")
]
KINDS = ["sqlite", *SERVED]


@pytest.fixture(scope="module", params=KINDS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer | None]:
    """Run a server of the kind; none for SQLite, which is a file."""
    if request.param == "sqlite":
        yield None
        return
    with redis_server(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def chosen(server: RedisServer | None) -> OnlineStoreSettings:
    if server is None:
        return SQLITE
    server.client.flushall()
    return server.settings


@pytest.fixture
def store(tmp_path: Path, chosen: OnlineStoreSettings) -> Iterator[FeatureStore]:
    with closing_store(tmp_path, chosen) as applied:
        yield applied


@pytest.fixture
def online(tmp_path: Path, chosen: OnlineStoreSettings) -> Iterator[OnlineWriter]:
    with closing(open_online(chosen, StorePaths(tmp_path), TABLE)) as writer:
        yield writer


def test_online_features_are_what_was_written_with_null_as_none(
    store: FeatureStore, online: OnlineWriter
) -> None:
    spy, ibm = vector(0, (0.1, None, -3e-38)), vector(0, (7.0, 1e10, 18.25), IBM)
    assert online.write([spy, ibm]) == 2
    features = served(store, SPY, IBM, "eq.us.aapl")
    for position, column in enumerate(TABLE.columns):
        assert features[column] == [spy.values[position], ibm.values[position], None]
    assert features["ts_event"] == [spy.ts_event, ibm.ts_event, None]
    assert features["ts_known_ns"] == [spy.ts_known, ibm.ts_known, None]
    assert features["status"] == ["kwk", "kkk", None]
    assert features["close"] == [127.125, 127.125, None]
    assert features["engine"] == ["generic", "generic", None]


@pytest.mark.parametrize("restart", [False, True])
def test_an_older_vector_never_overwrites(
    tmp_path: Path,
    store: FeatureStore,
    online: OnlineWriter,
    chosen: OnlineStoreSettings,
    restart: bool,
) -> None:
    online.write([vector(1, (1, 1, 1)), vector(3, (3, 3, 3)), vector(2, (2, 2, 2))])
    if restart:
        online.close()
        online = open_online(chosen, StorePaths(tmp_path), TABLE)
    assert online.write([vector(2, (2, 2, 2))]) == 0
    assert online.write([vector(3, (3, 3, 3))]) == 0, "a duplicate changes nothing"
    assert served(store, SPY)["rsi_14"] == [3.0]
    assert online.write([vector(4, (4, 4, 4))]) == 1
    assert served(store, SPY)["rsi_14"] == [4.0]
    online.close()


def test_a_null_overwrites_a_value(store: FeatureStore, online: OnlineWriter) -> None:
    online.write([vector(0, (1, 2, 3))])
    online.write([vector(1, (None, 2, None))])
    features = served(store, SPY)
    assert [features[column] for column in TABLE.columns] == [[None], [2.0], [None]]


def test_of_bars_released_by_one_clock_record_the_latest_is_served(
    store: FeatureStore, online: OnlineWriter
) -> None:
    early = vector(0, (1, 1, 1), delay_ns=10 * MINUTE_NS)
    late = vector(5, (2, 2, 2), delay_ns=5 * MINUTE_NS)
    assert early.ts_known == late.ts_known
    for batch in ([early], [late], [early]):
        online.write(batch)
    assert served(store, SPY)["rsi_14"] == [2.0]


def test_times_within_one_microsecond_are_told_apart(
    store: FeatureStore, online: OnlineWriter
) -> None:
    early, late = vector(0, (1, 1, 1)), vector(0, (2, 2, 2), delay_ns=MINUTE_NS + 1)
    online.write([early])
    assert online.write([late]) == 1
    assert online.write([early]) == 0
    assert served(store, SPY)["rsi_14"] == [2.0]


def test_what_feast_wrote_later_is_not_overwritten(
    store: FeatureStore, online: OnlineWriter
) -> None:
    online.write([vector(0, (1, 1, 1))])
    feast_writes(store, vector(9, (9, 9, 9)))
    assert online.write([vector(5, (5, 5, 5))]) == 0
    assert served(store, SPY)["return_1m"] == [9.0]


def test_what_feast_wrote_earlier_is_overwritten(store: FeatureStore, online: OnlineWriter) -> None:
    feast_writes(store, vector(0, (1, None, 1)), vector(0, (1, 1, 1), IBM))
    assert online.write([vector(1, (2, 2, None))]) == 1
    features = served(store, SPY, IBM)
    assert [features[column] for column in TABLE.columns] == [[2.0, 1.0], [2.0, 1.0], [None, 1.0]]


def test_a_row_is_served_with_its_age_however_old_it_is(
    store: FeatureStore, online: OnlineWriter
) -> None:
    row = vector(0)
    online.write([row, vector(2 * int(MAX_AGE.total_seconds()) // 60, instrument=IBM)])
    assert served(store, SPY)["ts_known_ns"] == [row.ts_known]


def test_a_batch_with_a_vector_that_is_no_row_writes_nothing(
    store: FeatureStore, online: OnlineWriter
) -> None:
    broken = msgspec.structs.replace(vector(0, instrument=IBM), values=(1.0,))
    with pytest.raises(MessageError, match="CONTRACT_VIOLATION"):
        online.write([vector(0), broken])
    assert served(store, SPY, IBM)["close"] == [None, None]


numbered = st.builds(
    lambda minute, instrument, delay: vector(
        minute, (minute, delay, None), instrument, delay * MINUTE_NS
    ),
    st.integers(0, 5),
    st.sampled_from((SPY, IBM)),
    st.integers(1, 4),
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.lists(numbered, max_size=4), min_size=1, max_size=6), data=st.data())
def test_batches_in_any_order_repeated_and_from_two_writers_leave_the_newest(
    tmp_path_factory: pytest.TempPathFactory,
    server: RedisServer | None,
    batches: list[list[FeatureVector]],
    data: st.DataObject,
) -> None:
    chosen = SQLITE if server is None else server.settings
    if server is not None:
        server.client.flushall()
    root = tmp_path_factory.mktemp("any_order")
    delivered = [*batches, *data.draw(st.lists(st.sampled_from(batches), max_size=3))]
    with (
        closing_store(root, chosen) as store,
        closing(open_online(chosen, StorePaths(root), TABLE)) as one,
        closing(open_online(chosen, StorePaths(root), TABLE)) as other,
    ):
        for number, batch in enumerate(data.draw(st.permutations(delivered))):
            (one, other)[number % 2].write(batch)
        vectors = [vector for batch in batches for vector in batch]
        for instrument in (SPY, IBM):
            own = [vector for vector in vectors if vector.instrument == instrument]
            newest = max(own, key=order, default=None)
            features = served(store, instrument)
            assert features["ts_event"] == [newest.ts_event if newest else None]
            assert features["rsi_14"] == [newest.values[1] if newest else None]


def test_an_empty_store_is_filled_from_the_offline_rows_where_it_can_be_lost(
    tmp_path: Path, server: RedisServer | None, store: FeatureStore, online: OnlineWriter
) -> None:
    rows = [vector(0, (1, 1, 1)), vector(0, (5, 5, 5), IBM), vector(1, (2, 2, 2))]
    with closing(OfflineWriter(StorePaths(tmp_path).offline("intraday_v1"), TABLE)) as offline:
        offline.append(0, 0, 2, rows)
    online.tend()
    expected = [None, None] if server is None else [2.0, 5.0]
    assert served(store, SPY, IBM)["rsi_14"] == expected
