"""Our rows in Redis are Feast's rows, and a server that loses, fills up or refuses is told apart."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from feast import FeatureStore
from feast.infra.online_stores.redis import RedisOnlineStore
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alphaline.errors import ContractError, StoreUnavailableError
from alphaline.messages import MINUTE_NS, FeatureVector
from alphaline.runtime.feature_store import FeatureTable, OnlineStoreSettings, encoding
from alphaline.runtime.feature_store.newest import order
from alphaline.runtime.feature_store.redis_connection import redis_client, redis_parameters
from alphaline.runtime.feature_store.redis_online import PIPELINE_ROWS, RedisOnlineWriter
from tests.feature_rows import (
    IBM,
    SPY,
    TABLE,
    closing_store,
    feast_writes,
    rows,
    served,
    vector,
)
from tests.redis_servers import PASSWORD, RedisServer, needs_servers, redis_server

pytestmark = [needs_servers, pytest.mark.servers]


@pytest.fixture(scope="module", params=["redis", "valkey"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    with redis_server(request.param, tmp_path_factory.mktemp(request.param)) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    running.client.flushall()
    return running


@pytest.fixture
def store(tmp_path: Path, server: RedisServer) -> Iterator[FeatureStore]:
    with closing_store(tmp_path, server.settings) as applied:
        yield applied


class Recent:
    """What the server should have, and how often it was asked for."""

    def __init__(self, *vectors: FeatureVector) -> None:
        self.vectors: Sequence[FeatureVector] = vectors
        self.asked = 0

    def __call__(self) -> Sequence[FeatureVector]:
        """Return the rows."""
        self.asked += 1
        return self.vectors


@pytest.fixture
def recent() -> Recent:
    return Recent()


@pytest.fixture
def online(server: RedisServer, recent: Recent) -> Iterator[RedisOnlineWriter]:
    with closing(RedisOnlineWriter(server.connection, TABLE, recent)) as writer:
        yield writer


def stored(server: RedisServer) -> dict[bytes, dict[bytes, bytes]]:
    """Return every hash of the server."""
    keys = [key for key in server.client.scan_iter() if server.client.type(key) == b"hash"]
    return {key: server.client.hgetall(key) for key in keys}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows)
def test_the_hashes_are_those_that_feast_writes(
    server: RedisServer, store: FeatureStore, rows: list[tuple[str, list[float | None], int]]
) -> None:
    vectors = [
        vector(5 * minute, values, instrument, delay)
        for minute, (instrument, values, delay) in enumerate(rows)
    ]
    server.client.flushall()
    feast_writes(store, *vectors)
    theirs = stored(server)
    server.client.flushall()
    with closing(RedisOnlineWriter(server.connection, TABLE, Recent())) as writer:
        writer.write(vectors)
    assert stored(server) == theirs


@given(st.integers(-(10**15), 10**17))
def test_a_time_is_spelt_as_feast_spells_it(microseconds: int) -> None:
    seconds, rest = divmod(microseconds, 1_000_000)
    expected = Timestamp(seconds=seconds, nanos=rest * 1000).SerializeToString()
    assert encoding.timestamp(microseconds) == expected


times = st.integers(-(2**62), 2**62) | st.integers(-300, 300) | st.sampled_from((127, 128, 2**56))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(times, times), min_size=1, max_size=6))
def test_the_server_orders_times_as_integers_are_ordered(
    server: RedisServer, online: RedisOnlineWriter, pairs: list[tuple[int, int]]
) -> None:
    server.client.flushall()
    seen: list[tuple[int, int]] = []
    for ts_known, ts_event in pairs:
        one = msgspec.structs.replace(vector(0), ts_known=ts_known, ts_event=ts_event)
        assert online.write([one]) == (not seen or order(one) > max(seen))
        seen.append(order(one))


def test_feast_alone_keeps_the_newer_time_and_the_first_of_two_with_the_same(
    store: FeatureStore, online: RedisOnlineWriter
) -> None:
    early, late = (
        vector(0, (1, 1, 1), delay_ns=10 * MINUTE_NS),
        vector(5, (2, 2, 2), SPY, 5 * MINUTE_NS),
    )
    assert early.ts_known == late.ts_known
    feast_writes(store, early)
    feast_writes(store, vector(0, (9, 9, 9)))
    assert served(store, SPY)["rsi_14"] == [1.0], "an older row overwrites nothing"
    feast_writes(store, late)
    assert served(store, SPY)["rsi_14"] == [1.0], "this is why the line has a writer of its own"
    assert online.write([late]) == 1
    assert served(store, SPY)["rsi_14"] == [2.0]


def test_writers_that_race_leave_the_newest(server: RedisServer, store: FeatureStore) -> None:
    minutes = range(200)

    def write(which: int) -> None:
        with closing(RedisOnlineWriter(server.connection, TABLE, Recent())) as writer:
            for minute in minutes:
                if minute % 4 >= which:
                    writer.write([vector(minute, (minute, minute, minute))])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert served(store, SPY)["return_1m"] == [199.0]


def test_rows_have_no_expiry(server: RedisServer, online: RedisOnlineWriter) -> None:
    online.write([vector(0)])
    assert {server.client.ttl(key) for key in server.client.scan_iter()} == {-1}


def test_more_rows_than_one_pipeline_takes_are_all_written(
    server: RedisServer, online: RedisOnlineWriter
) -> None:
    count = PIPELINE_ROWS + 7
    written = online.write([vector(0, instrument=f"eq.us.{number}") for number in range(count)])
    assert (written, len(stored(server))) == (count, count)


def test_a_server_that_keeps_its_rows_is_filled_once(
    online: RedisOnlineWriter, recent: Recent
) -> None:
    for minute in range(5):
        online.write([vector(minute)])
        online.tend()
        online.write([])
    assert recent.asked == 1


@pytest.mark.parametrize("notices", ["write", "tend", "an empty write"])
def test_what_a_server_lost_comes_back(
    server: RedisServer,
    store: FeatureStore,
    online: RedisOnlineWriter,
    recent: Recent,
    notices: str,
) -> None:
    kept = [vector(0, (1, 1, 1)), vector(0, (5, 5, 5), IBM)]
    online.write(kept)
    recent.vectors = kept
    server.client.flushall()
    server.client.script_flush()
    assert served(store, IBM)["rsi_14"] == [None]
    if notices == "write":
        assert online.write([vector(1, (2, 2, 2))]) == 1
    elif notices == "tend":
        online.tend()
    else:
        online.write([])
    assert served(store, SPY, IBM)["rsi_14"] == [2.0 if notices == "write" else 1.0, 5.0]
    assert recent.asked == 2


def test_a_replica_that_missed_the_last_batch_gets_it_again(
    server: RedisServer, store: FeatureStore, online: RedisOnlineWriter, recent: Recent
) -> None:
    online.write([vector(0, (1, 1, 1))])
    before = {key: server.client.dump(key) for key in server.client.scan_iter()}
    online.write([vector(1, (2, 2, 2))])
    recent.vectors = [vector(1, (2, 2, 2))]
    for key, content in before.items():
        server.client.restore(key, 0, content, replace=True)
    assert served(store, SPY)["rsi_14"] == [1.0]
    online.tend()
    assert served(store, SPY)["rsi_14"] == [2.0]


def test_a_server_that_is_gone_is_named_without_its_password(
    server: RedisServer, online: RedisOnlineWriter
) -> None:
    online.write([vector(0)])
    server.kill()
    try:
        with pytest.raises(StoreUnavailableError, match=f"127.0.0.1:{server.port}") as raised:
            online.write([vector(1)])
        assert PASSWORD not in str(raised.value)
        assert PASSWORD not in repr(raised.value.__cause__)
    finally:
        server.start()
    assert online.write([vector(1)]) == 1


def test_a_refused_password_is_a_store_that_does_not_answer(server: RedisServer) -> None:
    wrong = server.connection.replace(PASSWORD, "battery-staple")
    with (
        closing(RedisOnlineWriter(wrong, TABLE, Recent())) as writer,
        pytest.raises(StoreUnavailableError, match="AuthenticationError") as raised,
    ):
        writer.write([vector(0)])
    assert "battery-staple" not in str(raised.value)


def test_a_full_server_is_a_store_that_does_not_answer_until_there_is_room(
    server: RedisServer, online: RedisOnlineWriter
) -> None:
    online.write([vector(0)])
    server.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailableError, match="maxmemory"):
            online.write([vector(1)])
    finally:
        server.client.config_set("maxmemory", 0)
    assert online.write([vector(1)]) == 1


def test_a_server_that_may_drop_rows_is_refused(
    server: RedisServer, online: RedisOnlineWriter
) -> None:
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StoreUnavailableError, match="allkeys-lru"):
            online.write([vector(0)])
    finally:
        server.client.config_set("maxmemory-policy", "noeviction")
    assert online.write([vector(0)]) == 1


def test_a_user_with_least_rights_can_write(server: RedisServer, store: FeatureStore) -> None:
    commands = "+hmget +hset +get +incrby +evalsha +script|load"
    server.client.execute_command(
        *("ACL", "SETUSER", "sink", "on", ">sinks-own", "~*", *commands.split())
    )
    connection = f"127.0.0.1:{server.port},username=sink,password=sinks-own"
    with closing(RedisOnlineWriter(connection, TABLE, Recent())) as writer:
        assert writer.write([vector(0, (1, 1, 1))]) == 1
        writer.tend()
    assert served(store, SPY)["rsi_14"] == [1.0]


names = st.sampled_from(("db", "username", "password", "ssl", "socket_timeout"))
texts = st.text(min_size=1).filter(lambda text: "," not in text)


@given(
    st.integers(1, 65_535), st.dictionaries(names, texts | st.sampled_from(("1", "true", "a=b")))
)
def test_a_connection_is_read_as_feast_reads_it(port: int, named: dict[str, str]) -> None:
    text = ",".join([f"redis.example:{port}", *(f"{k}={value}" for k, value in named.items())])
    ((server,), parameters) = RedisOnlineStore._parse_connection_string(text)
    expected = {"host": server["host"], "port": int(server["port"]), **parameters}
    assert repr(redis_parameters(text)) == repr(expected)


@pytest.mark.parametrize(
    "connection",
    [
        "password=hunter2",
        "redis.example,password=hunter2",
        "one.example:6379,two.example:6379,password=hunter2",
        "redis.example:6379,password=hun,ter2",
        "redis.example:6379,passwrd=hunter2",
    ],
)
def test_a_connection_that_cannot_be_used_is_refused_and_not_repeated(connection: str) -> None:
    with pytest.raises(ContractError, match="ALPHALINE_ONLINE_STORE_CONNECTION") as raised:
        redis_client(connection)
    assert "hunter2" not in str(raised.value)
    assert "ter2" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_settings_hide_the_connection_and_demand_one() -> None:
    shown = repr(
        OnlineStoreSettings(online_store="redis", online_store_connection="h:1,password=hunter2")
    )
    assert "hunter2" not in shown
    with pytest.raises(ValidationError, match="ALPHALINE_ONLINE_STORE_CONNECTION"):
        OnlineStoreSettings(online_store="redis")


def test_feasts_own_command_line_reads_the_connection_from_the_environment(
    tmp_path: Path, server: RedisServer, store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "feature_store"
    for path in folder.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path
    monkeypatch.setenv("ALPHALINE_ONLINE_STORE_CONNECTION", server.connection)
    configured = FeatureStore(repo_path=str(folder)).config.online_store
    assert configured.connection_string == server.connection


def test_columns_that_feast_would_keep_in_one_field_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mmh3.hash", lambda *_, **__: 7)
    with pytest.raises(ContractError, match=r"one field.*rename"):
        RedisOnlineWriter("127.0.0.1:1", FeatureTable("two_v1", ("a", "b")), Recent())
