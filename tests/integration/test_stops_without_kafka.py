"""SIGTERM while Kafka does not answer: services end all the same, and the next start goes on."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from alphaline.cli.verification.drill import DrillLine, drill_line
from tests.frozen_broker import frozen
from tests.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

# A clean stop; without an end to its waits a service took as long as its client, up to a minute.
LIMIT_S = 20.0
READERS = ("feature_sink", "feature_streaming")
SERVICES = (*READERS, "market_data")
MINUTES = "line_minutes_total"
SESSIONS = {
    "ALPHALINE_REPLAY_FIRST_SESSION": "2011-01-03",
    "ALPHALINE_REPLAY_LAST_SESSION": "2011-03-31",
    "ALPHALINE_PARTITION_COUNT": "2",
    # A starved test looks late: three months of one instrument may have been published by then.
    "ALPHALINE_CLONE_COUNT": "8",
}


def test_sigterm_while_the_broker_is_frozen_ends_a_sink_and_its_writers_with_work_in_flight(
    kafka: str, tmp_path: Path
) -> None:
    with drill_line(tmp_path / "line", kafka, SESSIONS, lambda _: None) as drill:
        for service in READERS:
            drill.services.start(service)
        drill.services.wait_until_ready(*READERS)
        drill.services.start("market_data")
        assert eventually(lambda: drill.services.metric("feature_sink", "sink_rows_total") > 0)
        with frozen(kafka):
            published = drill.services.metric("market_data", MINUTES)
            assert eventually(lambda: drill.services.metric("market_data", MINUTES) > published)
            assert eventually(lambda: is_still(drill, "feature_streaming"))
            for service in SERVICES:
                os.kill(drill.services.pid(service), signal.SIGTERM)
            ended = {service: drill.services.wait(service, LIMIT_S) for service in SERVICES}
        assert ended == dict.fromkeys(SERVICES, 0)
        assert "rows_left_in_the_topic" in events(drill, "feature_sink")
        assert "left_for_the_next_start" in events(drill, "market_data")


def is_still(drill: DrillLine, service: str) -> bool:
    """Return whether a service has made no minute for a moment: it waits for Kafka."""
    before = drill.services.metric(service, MINUTES)
    time.sleep(0.3)
    return drill.services.metric(service, MINUTES) == before


def events(drill: DrillLine, service: str) -> list[str]:
    """Return what a service has logged."""
    lines = drill.services.tail(service, 50).splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]
