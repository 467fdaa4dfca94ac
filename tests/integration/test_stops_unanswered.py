"""SIGTERM while Kafka or the database does not answer: services end all the same, and the next start goes on."""

import json
import os
import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from alphaline.cli.verification.drill import DrillLine, drill_line
from alphaline.runtime.ports import free_port
from tests.frozen import broker_process, frozen
from tests.postgresql_server import PostgresqlServer
from tests.waiting import eventually

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

# A clean stop; without an end to its waits a service took as long as its client, up to a minute.
LIMIT_S = 20.0
READERS = ("feature_sink", "feature_streaming")
SERVICES = (*READERS, "market_data")
KEEPERS = ("risk_management", "paper_trading")
BOOKS = (*KEEPERS, "gateway")
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
        with frozen(broker_process(kafka)):
            published = drill.services.metric("market_data", MINUTES)
            assert eventually(lambda: drill.services.metric("market_data", MINUTES) > published)
            assert eventually(lambda: is_still(drill, "feature_streaming"))
            for service in SERVICES:
                os.kill(drill.services.pid(service), signal.SIGTERM)
            ended = {service: drill.services.wait(service, LIMIT_S) for service in SERVICES}
        assert ended == dict.fromkeys(SERVICES, 0)
        assert "rows_left_in_the_topic" in events(drill, "feature_sink")
        assert "left_for_the_next_start" in events(drill, "market_data")


@pytest.mark.servers
def test_sigterm_while_the_database_is_frozen_ends_those_who_write_to_it_and_read_from_it(
    kafka: str, postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    address, port = postgresql.new_database(), free_port()
    kept_there = {
        "ALPHALINE_JOURNAL_DATABASE": address.uri,
        "ALPHALINE_LEDGER_DATABASE": address.uri,
    }
    line = (*BOOKS, "feature_streaming", "signal_generation")
    with drill_line(tmp_path / "line", kafka, SESSIONS | kept_there, lambda _: None) as drill:
        for service in line:
            drill.services.start(service, ALPHALINE_GATEWAY_PORT=str(port))
        drill.services.ready_url("gateway", f"http://127.0.0.1:{port}/ready")
        drill.services.wait_until_ready(*line)
        drill.services.start("market_data")
        for service in KEEPERS:
            assert eventually(lambda asked=service: drill.services.metric(asked, MINUTES) > 0)
        address_of_gateway = ("127.0.0.1", port)
        with frozen(postgresql.process()), socket.create_connection(address_of_gateway) as person:
            for service in KEEPERS:
                assert eventually(lambda asked=service: is_still(drill, asked))
            person.sendall(b"GET /v1/orders HTTP/1.1\r\nHost: gateway\r\n\r\n")
            assert eventually(lambda: asks(drill.services.pid("gateway"), postgresql.port))
            for service in BOOKS:
                os.kill(drill.services.pid(service), signal.SIGTERM)
            ended = {service: drill.services.wait(service, LIMIT_S) for service in BOOKS}
        assert ended == dict.fromkeys(BOOKS, 0)


def asks(process: int, port: int) -> bool:
    """Return whether a process has a connection to a port open."""
    open_ones = psutil.Process(process).net_connections("tcp")
    return any(one.raddr and one.raddr.port == port for one in open_ones)


def is_still(drill: DrillLine, service: str) -> bool:
    """Return whether a service has made no minute for a moment: it waits for Kafka."""
    before = drill.services.metric(service, MINUTES)
    time.sleep(0.3)
    return drill.services.metric(service, MINUTES) == before


def events(drill: DrillLine, service: str) -> list[str]:
    """Return what a service has logged."""
    lines = drill.services.tail(service, 50).splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]
