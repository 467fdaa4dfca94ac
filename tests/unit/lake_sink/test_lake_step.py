from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.market.decoding import checked_decoder
from alphaline.market.minutes import Minute
from alphaline.messages import Message, encode
from alphaline.runtime.lake import LakeWriter
from alphaline.runtime.lake_minutes import lake_minutes
from alphaline.runtime.lake_reader import LakeReader
from alphaline.runtime.line import LineLoop
from alphaline.runtime.telemetry import Telemetry
from services.lake_sink.handlers import LakeStep
from tests.broker_fakes import MemoryBroker, MemoryPublisher, MemorySubscription
from tests.line_values import (
    BARS,
    OBSERVATIONS,
    bar,
    clock,
    master,
    minutes_of,
    records,
    sessions,
    start,
    vix,
)

KEYS = [(BARS, 0), (BARS, 1), (OBSERVATIONS, 0)]
SESSIONS = sessions()
LOGS: dict[tuple[str, int], list[Message]] = {
    (BARS, 0): [start(0), bar(0), clock(1), bar(0), clock(1), bar(1), clock(2), bar(-9), clock(3)],
    (BARS, 1): [start(0), clock(1), bar(0, "eq.us.spy.clone0000"), clock(2), clock(3)],
    (OBSERVATIONS, 0): [vix(date(2011, 2, 28), 18.0, -9), start(0), clock(1), clock(2), clock(3)],
}


class KilledError(Exception):
    """Stands for SIGKILL."""


def filled() -> MemoryBroker:
    broker = MemoryBroker(batch=2)
    for key, log in LOGS.items():
        broker.put(*key, log)
    return broker


def run(broker: MemoryBroker, lake: Path, flush_rows: int = 50_000, killed_after: int = 10**9):
    """Run one life of the sink."""
    subscription = MemorySubscription(broker)
    telemetry = Telemetry("lake_sink")
    step = LakeStep(LakeWriter(lake, SESSIONS.nearest_labels), subscription, flush_rows, telemetry)

    def probe(where: str, count: int) -> None:
        if count >= killed_after:
            raise KilledError

    LineLoop(
        subscription=subscription,
        publisher=MemoryPublisher(broker),
        step=step,
        inputs=dict.fromkeys(KEYS),
        decode=checked_decoder(master(), {"VIX": "index points"}),
        telemetry=telemetry,
        probe=probe,
    ).run(lambda: subscription.polls_without_a_message > 1)
    return telemetry


def seen(minutes: list[Minute]) -> list[tuple]:
    """Return what a fold depends on: the accepted clock records, and the records between them."""
    return [
        (
            minute.clock,
            [(record.at, record.message) for record in minute.records],
            [closing.at for closing in minute.clocks],
        )
        for minute in minutes
    ]


WRITTEN = seen(minutes_of(*[records(*key, log) for key, log in LOGS.items()]))


def test_the_minutes_of_the_lake_are_those_that_were_written(tmp_path: Path) -> None:
    run(filled(), tmp_path)
    assert seen(list(lake_minutes(LakeReader(tmp_path)))) == WRITTEN


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 19), st.sampled_from([1, 3, 50_000]))
def test_a_killed_sink_loses_nothing_and_repetitions_are_read_once(
    tmp_path_factory: pytest.TempPathFactory, killed_after: int, flush_rows: int
) -> None:
    lake, broker = tmp_path_factory.mktemp("lake"), filled()
    with pytest.raises(KilledError):
        run(broker, lake, flush_rows, killed_after)
    run(broker, lake, flush_rows)
    assert seen(list(lake_minutes(LakeReader(lake)))) == WRITTEN


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_part_of_the_lake_goes_on_where_another_part_ends(tmp_path: Path, cut: int) -> None:
    run(filled(), tmp_path)
    reader = LakeReader(tmp_path)
    at = WRITTEN[cut][0].ts
    first, second = lake_minutes(reader, to_ts=at), lake_minutes(reader, from_ts=at)
    assert seen([*first, *second]) == WRITTEN


def test_one_partition_alone_can_be_read(tmp_path: Path) -> None:
    run(filled(), tmp_path)
    minutes = list(lake_minutes(LakeReader(tmp_path), [(BARS, 1)]))
    assert [record.message for minute in minutes for record in minute.records] == [
        bar(0, "eq.us.spy.clone0000")
    ]


def test_offsets_are_committed_after_the_rows_are_files(tmp_path: Path) -> None:
    broker = filled()
    telemetry = run(broker, tmp_path)
    assert broker.committed == {key: len(log) for key, log in LOGS.items()}
    rows = sum(len(log) for log in LOGS.values()) - 1  # the repeated clock record is no row
    assert (
        f'sink_rows_total{{service="lake_sink",store="lake"}} {rows}.0'
        in telemetry.answer("/metrics")[2].decode()
    )


def test_a_late_bar_is_marked_and_a_repeated_one_is_not(tmp_path: Path) -> None:
    run(filled(), tmp_path)
    marks = LakeReader(tmp_path).bars("eq.us.spy")["late"].tolist()
    assert marks == [False, False, False, True]


def test_a_bar_from_another_century_is_kept_and_does_not_end_the_sink(tmp_path: Path) -> None:
    broker = filled()
    far = [bar(10**7), bar(-(10**7))]
    for key in KEYS:
        broker.put(*key, [*(far if key == (BARS, 0) else []), clock(4)])
    broker.append(BARS, 0, encode(bar(0)).replace(b"1298989800000000000", b"9" * 40), "eq.us.spy")
    run(broker, tmp_path)
    minutes = list(lake_minutes(LakeReader(tmp_path)))
    assert {record.message for record in minutes[-1].records} == set(far)
