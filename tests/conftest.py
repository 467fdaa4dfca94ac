"""What every test shares: deterministic arithmetic, the recorded broker, fresh topics."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import prometheus_client  # noqa: F401 - before Feast, which would turn on its multi-process mode
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from alphaline.runtime import determinism
from tests.workers import ServersTogether, keep_apart

determinism.apply()
keep_apart()

# A property holds or not, however busy the machine is. A change is judged by the same examples each
# time; `make explore` looks for new ones.
settings.register_profile(
    "exploring", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("repeatable", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("repeatable")

from alphaline.runtime.broker import broker  # noqa: E402 - numba reads its settings on import
from alphaline.runtime.database import Place  # noqa: E402
from alphaline.runtime.topics import Topics  # noqa: E402

if TYPE_CHECKING:
    from tests.postgresql_server import PostgresqlServer


@pytest.fixture(scope="session")
def postgresql() -> "Iterator[PostgresqlServer]":
    """Give a real PostgreSQL of this test run's own."""
    from tests.postgresql_server import postgresql_server

    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return an empty database: each test runs over a file and over a server."""
    if request.param == "sqlite":
        return tmp_path / "made" / "store.sqlite"
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return server.emptied_database("alphaline_journal", "alphaline_ledger")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers of a real broker: KAFKA_BOOTSTRAP_SERVERS, or one of this test run's own."""
    data: Path = tmp_path_factory.mktemp("kafka")
    with broker(data) as bootstrap:
        yield bootstrap


@pytest.fixture
def topics(kafka: str) -> Iterator[Topics]:
    """All topics of the line under a prefix that no other test has, deleted afterwards."""
    declared = Topics(prefix=f"test-{uuid4().hex[:12]}.")
    declared.create(kafka)
    yield declared
    declared.delete(kafka)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ServersTogether | None:
    """Share tests by file where ``--dist loadfile`` asks for it; else as xdist does."""
    return ServersTogether(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the broker, so that ``-m 'not kafka'`` needs no Java."""
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker("kafka")
