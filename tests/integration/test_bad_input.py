"""Bad input through the real services over a real broker: a reason for each, nothing lost, and on."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from alphaline.cli.verification.distinct import distinct
from alphaline.cli.verification.drill import (
    DrillLine,
    drill_line,
    last_clock_of,
    replay_settings,
)
from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream
from alphaline.market.sessions import session_label
from alphaline.messages import Bar, Clock, DeadLetter, LateBar, encode
from alphaline.runtime import determinism
from alphaline.runtime.lake_minutes import lake_minutes
from alphaline.runtime.lake_reader import LakeReader
from alphaline.runtime.messaging import KafkaPublisher
from alphaline.runtime.reference import ReferenceData
from tests.line_values import BARS, OBSERVATIONS, ROOT, at, bar, clock, start, vix

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REFERENCE = ReferenceData(ROOT / "data/sample")
VECTORS, LATE_BARS = "features.vectors.v1", "market.late_bars.v1"
SPY, LAST, LATENESS_MS = "eq.us.spy", 9, 120_000
GOOD = encode(bar(3))


class Bad(NamedTuple):
    """A message that must not come through: why, its bytes, and the key it stands under."""

    reason: str
    value: bytes | None
    key: str = SPY


BAD_BARS = [
    Bad("NOT_JSON", GOOD[:-30]),
    Bad("NOT_JSON", b"instrument=SPY;close=129.5"),
    Bad("NOT_JSON", b"\x00\xff" * 450_000),
    Bad("NOT_JSON", GOOD.replace(b":100.5", b":NaN")),
    Bad("NOT_JSON", b'{"type":"bar","unknown":' + b"[" * 100_000),
    Bad("EMPTY_VALUE", None),
    Bad("CONTRACT_VIOLATION", GOOD.replace(b":100.5", b":null")),
    Bad("CONTRACT_VIOLATION", GOOD.replace(b":100.5", b":1e999")),
    Bad("PRICE_NOT_POSITIVE", encode(bar(3, open=-1.0))),
    Bad("HIGH_BELOW_LOW", encode(bar(3, high=99.0, low=101.0))),
    Bad("VOLUME_NEGATIVE", encode(bar(3, volume=-5.0))),
    Bad("INSTRUMENT_UNKNOWN", encode(bar(3, "eq.us.nobody")), "eq.us.nobody"),
    Bad("NOT_A_MINUTE", encode(bar(3)).replace(str(at(3)).encode(), b"9" * 30)),
    Bad("NOT_A_CLOCK_RECORD", encode(Clock(ts=10**25, previous=at(3), epoch=1))),
    Bad("KEY_IS_NOT_THE_INSTRUMENT", encode(bar(3)), "eq.us.ibm"),
    Bad("BAR_CONFLICT", encode(bar(2, close=777.0))),
    Bad("BAR_FROM_FUTURE", encode(bar(600))),
    Bad("BAR_FROM_FUTURE", encode(bar(10**7))),
    Bad("BAR_TOO_OLD", encode(bar(-(10**6)))),
]
BAD_OBSERVATIONS = [
    Bad("NOT_JSON", b"{"),
    Bad(
        "SERIES_UNKNOWN", encode(vix(date(2011, 2, 28), 18.0, 0)).replace(b'"VIX"', b'"VXX"'), "VXX"
    ),
    Bad("UNIT_UNEXPECTED", encode(vix(date(2011, 2, 28), 18.0, 0)).replace(b"points", b"x"), "VIX"),
    Bad("KNOWN_BEFORE_IT_HAPPENED", encode(vix(date(2011, 3, 2), 18.0, 0)), "VIX"),
]


@pytest.fixture(scope="module")
def line(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrillLine]:
    """Yield a line whose log holds good bars with every kind of bad message between them."""
    with drill_line(tmp_path_factory.mktemp("bad"), kafka, {}, lambda _: None) as drill:
        publisher = KafkaPublisher(kafka, "tests", drill.prefix)
        drill.services.start("feature_streaming")
        drill.services.start("lake_sink")
        for minute in range(LAST + 1):
            _publish_minute(publisher, minute)
        publisher.flush()
        drill.services.wait_until_ready("feature_streaming", "lake_sink")
        drill.wait_for(VECTORS, at(LAST))
        drill.wait_for_sink("lake_sink", [BARS, OBSERVATIONS])
        yield drill


def _publish_minute(publisher: KafkaPublisher, minute: int) -> None:
    if minute > 0:
        _send(publisher, BARS, SPY, encode(bar(minute - 1)))
    if minute == 4:
        for bad in BAD_BARS:
            _send(publisher, BARS, bad.key, bad.value)
        for bad in BAD_OBSERVATIONS:
            _send(publisher, OBSERVATIONS, bad.key, bad.value, 0)
    if minute == 5:
        _send(publisher, BARS, SPY, encode(bar(4)))  # twice
        _send(publisher, BARS, SPY, encode(bar(-30)))  # time runs backwards: late
    tick = encode(start(0) if minute == 0 else clock(minute))
    for topic, partition in ((BARS, 0), (BARS, 1), (OBSERVATIONS, 0)):
        _send(publisher, topic, "clock", tick, partition)


def _send(
    publisher: KafkaPublisher,
    topic: str,
    key: str,
    value: bytes | None,
    partition: int | None = None,
) -> None:
    publisher.send_bytes(topic, key, value, partition)  # type: ignore[arg-type]


@pytest.mark.parametrize(("topic", "bad"), [(BARS, BAD_BARS), (OBSERVATIONS, BAD_OBSERVATIONS)])
def test_every_bad_message_is_a_dead_letter_with_its_reason_and_its_bytes(
    line: DrillLine, topic: str, bad: list[Bad]
) -> None:
    letters = [item.message for item in line.messages(f"{topic}.dlq")]
    found = Counter(
        (letter.reason, letter.raw()) for letter in letters if isinstance(letter, DeadLetter)
    )
    assert found == Counter((one.reason, one.value or b"") for one in bad)


def test_the_line_goes_on_with_one_vector_for_each_good_bar(line: DrillLine) -> None:
    rows = distinct(line.messages(VECTORS))
    assert rows.conflicts == []
    vectors = [key for key in rows.by_id if key[0] == "vector"]
    assert vectors == [("vector", SPY, at(minute)) for minute in range(LAST)]
    assert [key for key in rows.by_id if key[0] == "gap"] == [("gap", SPY, at(-30))]
    late = [item.message for item in line.messages(LATE_BARS)]
    assert [item.bar for item in late if isinstance(item, LateBar)] == [bar(-30)]


def test_the_lake_keeps_every_record_that_decodes_and_folds_to_the_same_bytes(
    line: DrillLine,
) -> None:
    minutes = list(lake_minutes(LakeReader(line.root / "lake")))
    kept = Counter(
        record.message.ts_event
        for minute in minutes
        for record in minute.records
        if isinstance(record.message, Bar)
    )
    once = {at(minute) for minute in (*range(LAST), 600, 10**7, -(10**6), -30)}
    assert kept == Counter({**dict.fromkeys(once, 1), at(2): 2, at(4): 2})
    engine = Engine(feature_set("intraday_v1"), REFERENCE.sessions)
    fold = FeatureStream(
        engine, REFERENCE.sessions, determinism.fingerprint(engine.operator_version)
    )
    outputs = [fold.on_minute(minute) for minute in minutes]
    rows = {encode(row) for out in outputs for _, row in (*out.vectors, *out.gaps)}
    assert rows == set(distinct(line.messages(VECTORS)).by_id.values())


def test_the_week_of_the_dst_change_comes_through_a_drill_and_a_killed_publisher(
    kafka: str, tmp_path: Path
) -> None:
    first, last = date(2011, 3, 11), date(2011, 3, 14)
    settings = replay_settings(
        first, last, allowed_lateness_ms=LATENESS_MS, duplicate_every=50, late_every=70
    )
    with drill_line(tmp_path, kafka, settings, lambda _: None) as drill:
        drill.services.start("feature_streaming")
        drill.services.start("market_data", ALPHALINE_CRASH_AT="published:850")
        assert drill.services.wait("market_data", 120) == -9
        drill.services.start("market_data")
        drill.wait_for(VECTORS, last_clock_of(REFERENCE, last))
        rows = distinct(drill.messages(VECTORS))
        assert drill.messages(f"{BARS}.dlq") == []
    sessions = REFERENCE.sessions
    span = [sessions.index_of(session_label(day)) for day in (first, last)]
    recorded = REFERENCE.bars(ROOT / "data/sample/spy_minute_2011.parquet", SPY)
    bars = recorded.between(int(sessions.start[span[0]]), int(sessions.end[span[1]]))
    # What ends within the lateness before the last clock record waits for the next one.
    due = last_clock_of(REFERENCE, last) - LATENESS_MS * 1_000_000
    released = [item for item in bars if item.ts_known <= due]
    assert len(released) == len(bars) - 1
    assert set(rows.by_id) == {("vector", SPY, item.ts_event) for item in released}
    assert rows.conflicts == []
