"""The sink as a process on a real broker: killed and started again, Feast then has every row."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from confluent_kafka import Consumer, TopicPartition

from alphaline.features import feature_set
from alphaline.messages import Clock, FeatureGap, FeatureVector
from alphaline.runtime.feature_store import FeatureTable
from alphaline.runtime.messaging import KafkaPublisher, Outgoing
from alphaline.runtime.reference import ReferenceData
from alphaline.runtime.topics import Topics
from feature_repo.store import apply
from pipelines.backfill import fold, recorded
from services.feature_sink.handlers import VECTORS
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


def publish(kafka: str, topics: Topics, vectors: list[FeatureVector]) -> dict[int, int]:
    """Write the vectors as the feature service does, some twice; return the end of each partition."""
    publisher = KafkaPublisher(kafka, "test", topics.prefix)
    ends = {0: 0, 1: 0}

    def send(partition: int, value: FeatureVector | FeatureGap | Clock) -> None:
        publisher.send(Outgoing(VECTORS, "key", value, partition))
        ends[partition] += 1

    previous = 0
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
    kafka: str, topics: Topics, data_root: Path, crash_at: str = ""
) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "ALPHALINE_TOPIC_PREFIX": topics.prefix,
        "ALPHALINE_DATA_ROOT": str(data_root),
        "ALPHALINE_FLUSH_ROWS": "100",
        "ALPHALINE_CRASH_AT": crash_at,
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
            assert process.wait(timeout=60) == -signal.SIGKILL, process.stderr.read()
    with sink(kafka, topics, tmp_path) as process:
        assert eventually(lambda: committed(kafka, topics) == ends, within_s=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
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
    with closing(store._get_provider().online_store._get_conn(store.config)):
        pass
