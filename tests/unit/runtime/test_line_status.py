import pytest

from alphaline.runtime.line_status import COMMITTING, line_time_s, records_behind
from alphaline.runtime.telemetry import Telemetry
from alphaline.runtime.topics import Topics


def metrics_of(telemetry: Telemetry) -> str:
    return telemetry.answer("/metrics")[2].decode()


@pytest.mark.parametrize("seconds", [1_296_522_060.0, 1_294_066_800.0])
def test_line_time_is_read_from_what_a_service_serves(seconds: float) -> None:
    telemetry = Telemetry("lake_sink")
    telemetry.gauge("line_time_seconds").set(seconds)
    assert line_time_s(metrics_of(telemetry)) == seconds


def test_a_service_that_has_finished_no_minute_has_no_line_time() -> None:
    telemetry = Telemetry("lake_sink")
    assert line_time_s(metrics_of(telemetry)) is None
    telemetry.gauge("line_time_seconds")
    assert line_time_s(metrics_of(telemetry)) is None


def test_only_parts_that_commit_offsets_are_said_to_be_behind() -> None:
    assert records_behind("127.0.0.1:1", "paper_trading", Topics()) is None
    declared = Topics()
    assert all(declared.partitions(topic) for topics in COMMITTING.values() for topic in topics)
