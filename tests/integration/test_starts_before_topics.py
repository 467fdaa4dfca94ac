"""Services that start before the topics of the line are there, as pods do at an install."""

import json
from pathlib import Path
from uuid import uuid4

from alphaline.runtime.local_line import LocalLine
from alphaline.runtime.topics import Topics
from tests.waiting import eventually

WAITING, STOPPED = "lake_sink", "paper_trading"


def test_a_service_waits_for_its_topics_and_another_is_stopped_while_it_waits(
    kafka: str, tmp_path: Path
) -> None:
    topics = Topics(f"test-{uuid4().hex[:12]}.", partitions=2)
    settings = {"ALPHALINE_TOPIC_PREFIX": topics.prefix, "ALPHALINE_PARTITION_COUNT": "2"}
    line = LocalLine(tmp_path, kafka, settings)
    try:
        line.start(WAITING)
        line.start(STOPPED)
        assert eventually(lambda: awaits(line, WAITING) and awaits(line, STOPPED), within_s=120)
        assert not line._is_ready(WAITING)
        line.stop(STOPPED)
        assert line.exit_code(STOPPED) == 0
        topics.create(kafka)
        line.wait_until_ready(WAITING)
    finally:
        line.stop()
        topics.delete(kafka)
    assert line.exit_code(WAITING) == 0
    assert events(line, WAITING)[1:3] == ["topics_awaited", "topics_found"]


def awaits(line: LocalLine, service: str) -> bool:
    """Return whether a service has said that it waits for topics."""
    return "topics_awaited" in events(line, service)


def events(line: LocalLine, service: str) -> list[str]:
    """Return what a service has logged, in its order."""
    lines = line.tail(service, 50).splitlines()
    return [json.loads(entry)["event"] for entry in lines if entry.startswith("{")]
