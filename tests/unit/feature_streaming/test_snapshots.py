import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.runtime.messaging import Received
from services.feature_streaming.adapters import snapshots
from services.feature_streaming.adapters.snapshots import STATE, KafkaSnapshots
from services.feature_streaming.ports import Snapshot
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import BARS, OBSERVATIONS


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "CHUNK_CHARACTERS", 64)


def snapshot(line_time: int, size: int = 400, partition: int = 0) -> Snapshot:
    positions = {(BARS, partition): line_time * 2, (OBSERVATIONS, 0): line_time}
    # Hardly compressible, so that it takes several pieces.
    numbers = ",".join(str((line_time * 7919 + n * 104_729) % 999_983) for n in range(size // 6))
    return Snapshot(partition, line_time, positions, f'{{"state":[{numbers}]}}'.encode())


def store(broker: MemoryBroker) -> KafkaSnapshots:
    return KafkaSnapshots(MemorySubscription(broker), MemoryPublisher(broker))


def compacted(broker: MemoryBroker) -> MemoryBroker:
    """Return a broker whose log keeps the last record of each key, as Kafka's compaction may."""
    clean = MemoryBroker()
    log = broker.logs.get((STATE, 0), [])
    last = {item.key: item.offset for item in log}
    kept = [item for item in log if last[item.key] == item.offset]
    clean.logs[STATE, 0] = [
        Received(STATE, 0, number, item.key, item.value, 0) for number, item in enumerate(kept)
    ]
    return clean


def test_a_new_topic_has_no_snapshot() -> None:
    assert store(MemoryBroker()).load(0) is None


def test_a_snapshot_comes_back_as_it_was() -> None:
    broker = MemoryBroker()
    store(broker).save(snapshot(5))
    assert len(broker.logs[STATE, 0]) > 3
    assert store(broker).load(0) == snapshot(5)
    assert store(broker).load(1) is None


@given(st.lists(st.integers(50, 900), min_size=1, max_size=6), st.data())
def test_a_crash_in_the_middle_of_a_snapshot_keeps_the_one_before(sizes, data) -> None:
    broker = MemoryBroker()
    ends = []
    for number, size in enumerate(sizes, start=1):
        # Every save by a process of its own: a restart changes nothing.
        fresh = store(broker)
        fresh.load(0)
        fresh.save(snapshot(number, size))
        ends.append(len(broker.logs[STATE, 0]))
    cut = data.draw(st.integers(0, ends[-1]))
    broker.logs[STATE, 0] = broker.logs[STATE, 0][:cut]
    complete = [number for number, end in enumerate(ends, start=1) if end <= cut]
    expected = snapshot(complete[-1], sizes[complete[-1] - 1]) if complete else None
    assert store(broker).load(0) == expected
    assert store(compacted(broker)).load(0) == expected


def test_snapshots_take_turns_so_that_compaction_never_removes_the_last_complete_one() -> None:
    broker = MemoryBroker()
    one = store(broker)
    for line_time in range(1, 8):
        one.save(snapshot(line_time))
        generations = {item.key.split(b"/")[1] for item in broker.logs[STATE, 0]}
    assert generations == {b"0", b"1"}
    assert store(compacted(broker)).load(0) == snapshot(7)
