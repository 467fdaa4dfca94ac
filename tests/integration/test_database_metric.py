"""A service whose database does not answer says so in its metrics, from its start on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphaline.runtime.database import DatabaseAddress
from alphaline.runtime.local_line import LocalLine
from alphaline.runtime.ports import free_port
from tests.postgresql_server import PostgresqlServer
from tests.waiting import eventually

pytestmark = pytest.mark.servers

WRITERS = ("risk_management", "paper_trading")


@pytest.fixture
def address(postgresql: PostgresqlServer) -> Iterator[DatabaseAddress]:
    yield postgresql.emptied_database("alphaline_journal", "alphaline_ledger")
    if not postgresql.answers():
        postgresql.start()


def test_the_metric_follows_the_database(
    postgresql: PostgresqlServer, address: DatabaseAddress, tmp_path: Path
) -> None:
    databases = dict.fromkeys(
        ("ALPHALINE_JOURNAL_DATABASE", "ALPHALINE_LEDGER_DATABASE"), address.uri
    )
    postgresql.kill()
    line = LocalLine(tmp_path, f"127.0.0.1:{free_port()}", databases)

    def told() -> list[float]:
        try:
            return [line.metric(service, "database_available") for service in WRITERS]
        except OSError:
            return []

    try:
        for service in WRITERS:
            line.start(service)
        assert eventually(lambda: told() == [0.0, 0.0], within_s=60)
        postgresql.start()
        assert eventually(lambda: told() == [1.0, 1.0], within_s=60)
    finally:
        line.stop()
