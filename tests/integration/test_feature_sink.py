"""The sink as a process on a real broker: it or its Redis is killed, Feast then has every row."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from confluent_kafka import Consumer, TopicPartition
from feast import FeatureStore

from alphaline.features import feature_set
from alphaline.messages import Clock, FeatureGap, FeatureVector
from alphaline.runtime.feature_store import FeatureTable
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.ports import free_port
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.topics import Topics
from feature_repo.store import apply
from pipelines.backfill import fold, recorded
from services.feature_sink.handlers import VECTORS
from tests.redis_servers import PASSWORD, needs_servers, redis_server
from tests.waiting import eventually

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

CHECKOUT = Path(__file__).parents[2]
REFERENCE = ReferenceData(CHECKOUT / "data" / "sample")
SPY, IBM = "eq.us.spy", "eq.us.ibm"
TABLE = FeatureTable("intraday_v1", feature_set("intraday_v1").column_names)


@pytest.fixture(scope="module")
def vectors() -> list[FeatureVector]:
    """One session's bars, folded under two ids."""
    day = date(2011, 1, 3)
    recording = recorded(REFERENCE, "spy_minute_2011", SPY, day, day)
    both = [recording, recording.as_instrument(IBM)]
    return list(fold(REFERENCE, both, "intraday_v1"))


def publish(
    kafka: str, topics: Topics, vectors: list[FeatureVector], previous: int = 0
) -> dict[int, int]:
    """Write the vectors as the feature service does, some twice; return how many records a partition got."""
    publisher = KafkaPublisher(kafka, "test", topics.prefix)
    ends = {0: 0, 1: 0}

    def send(partition: int, value: FeatureVector | FeatureGap | Clock) -> None:
        publisher.send(Outgoing(VECTORS, "key", value, partition))
        ends[partition] += 1

    for ts in sorted({vector.ts_known for vector in vectors}):
        for number, vector in enumerate(one for one in vectors if one.ts_known == ts):
            partition = int(vector.instrument == IBM)
            send(partition, vector)
            if ts % 7 == number:
                send(partition, vector)
        gap = FeatureGap(instrument=SPY, ts_event=ts, ts_known=ts, feature_set="intraday_v1")
        send(0, gap)
        kind = "start" if previous == 0 else "tick"
        for partition in ends:
            send(partition, Clock(ts=ts, previous=previous, epoch=1, kind=kind))
        previous = ts
    publisher.flush()
    return ends


@contextmanager
def sink(
    kafka: str, topics: Topics, data_root: Path, crash_at: str = "", **more: str
) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "ALPHALINE_TOPIC_PREFIX": topics.prefix,
        "ALPHALINE_DATA_ROOT": str(data_root),
        "ALPHALINE_FLUSH_ROWS": "100",
        "ALPHALINE_CRASH_AT": crash_at,
        **more,
    }
    command = [sys.executable, "-m", "services.feature_sink"]
    with subprocess.Popen(
        command, env=environment, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def committed(kafka: str, topics: Topics) -> dict[int, int]:
    group = f"{topics.prefix}feature_sink"
    with closing(Consumer({"bootstrap.servers": kafka, "group.id": group})) as consumer:
        asked = [TopicPartition(topics.on_cluster(VECTORS), number) for number in (0, 1)]
        return {one.partition: one.offset for one in consumer.committed(asked, timeout=10)}


def test_a_sink_that_is_killed_loses_no_row_and_feast_has_each_once(
    kafka: str, topics: Topics, tmp_path: Path, vectors: list[FeatureVector]
) -> None:
    ends = publish(kafka, topics, vectors)
    store = apply(tmp_path)
    for crash_at in ("published:600", "committed:900"):
        with sink(kafka, topics, tmp_path, crash_at) as process:
            assert process.wait(timeout=120) == -signal.SIGKILL, process.stderr.read()
    with sink(kafka, topics, tmp_path) as process:
        assert eventually(lambda: committed(kafka, topics) == ends)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0
    check_rows(store, vectors)
    with closing(store._get_provider().online_store._get_conn(store.config)):
        pass


def check_rows(store: FeatureStore, vectors: list[FeatureVector]) -> None:
    """Check that plain Feast returns every vector, and serves the newest of each instrument."""
    service = store.get_feature_service("spy_intraday_v1")
    for instrument in (SPY, IBM):
        own = [one for one in vectors if one.instrument == instrument]
        known = pd.to_datetime([one.ts_known for one in own], utc=True)
        asked = pd.DataFrame({"instrument": instrument, "event_timestamp": known})
        rows = store.get_historical_features(asked, service).to_df()
        rows = rows.sort_values("event_timestamp")
        np.testing.assert_array_equal(
            rows[list(TABLE.columns)].to_numpy(np.float32), TABLE.matrix(own)
        )
        assert rows["ts_event"].tolist() == [one.ts_event for one in own]
        newest = store.get_online_features(service, [{"instrument": instrument}]).to_dict()
        assert tuple(newest[name][0] for name in TABLE.columns) == own[-1].values
        assert newest["ts_event"] == [own[-1].ts_event]


def readiness(port: int) -> tuple[int, str]:
    """Return the status of ``/ready`` and the line of the metric that tells of the online store."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        answers = []
        for path in ("/ready", "/metrics"):
            connection.request("GET", path)
            response = connection.getresponse()
            answers.append((response.status, response.read().decode()))
    except OSError:
        return 0, ""
    finally:
        connection.close()
    (status, _), (_, metrics) = answers
    lines = [line for line in metrics.splitlines() if line.startswith("sink_store_available{")]
    return status, "".join(lines)


READY = (200, 'sink_store_available{service="feature_sink",store="online"} 1.0')
WAITING = (503, 'sink_store_available{service="feature_sink",store="online"} 0.0')


@needs_servers
@pytest.mark.servers
def test_a_sink_whose_redis_is_killed_waits_loses_nothing_and_refills_it(
    kafka: str, topics: Topics, tmp_path: Path, vectors: list[FeatureVector]
) -> None:
    # IBM's last row is written before the kill, so only the refill can bring it back.
    times = sorted({one.ts_known for one in vectors})
    start, split = times[-60], times[-20]
    before = [one for one in vectors if start <= one.ts_known <= split]
    after = [one for one in vectors if one.ts_known > split and one.instrument == SPY]
    port = free_port()
    with redis_server("redis", tmp_path) as server:
        store = apply(tmp_path, online=server.settings)
        with sink(
            *(kafka, topics, tmp_path),
            ALPHALINE_ONLINE_STORE="redis",
            ALPHALINE_ONLINE_STORE_CONNECTION=server.connection,
            ALPHALINE_METRICS_PORT=str(port),
        ) as process:
            first = publish(kafka, topics, before)
            assert eventually(lambda: committed(kafka, topics) == first)
            assert eventually(lambda: readiness(port) == READY)
            server.kill()
            assert eventually(lambda: readiness(port) == WAITING)
            second = publish(kafka, topics, after, previous=split)
            assert readiness(port) == WAITING
            assert committed(kafka, topics) == first
            server.start()
            ends = {number: first[number] + second[number] for number in first}
            assert eventually(lambda: committed(kafka, topics) == ends)
            assert eventually(lambda: readiness(port) == READY)
            check_rows(store, [*before, *after])
            server.kill()
            assert eventually(lambda: readiness(port) == WAITING)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=120)
            assert process.returncode == 0
        assert "store_does_not_answer" in log
        assert PASSWORD not in log
        store._get_provider().online_store._client.close()
