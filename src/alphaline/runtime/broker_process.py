"""One broker process: its data folder, start, readiness and stop."""

import fcntl
import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from alphaline.errors import BrokerError
from alphaline.runtime.broker_config import (
    JavaStart,
    Listeners,
    as_text,
    format_command,
    log_properties,
    server_command,
    server_properties,
)
from alphaline.runtime.broker_jars import Report
from alphaline.runtime.cluster import answers
from alphaline.runtime.ports import is_free, listener
from alphaline.runtime.tether import tethered

# Seconds. A first start without class-data archive takes 6 on an idle machine; beside a busy line
# ten times that was seen.
READY_TIMEOUT_S = 120.0
# A stop takes under a second; the log is recovered after a kill, so nothing is lost beyond this.
STOP_TIMEOUT_S = 20.0
POLL_S = 0.05
TAIL_BYTES = 4_000


class Prepared(NamedTuple):
    """Files of a data folder that is ready to start."""

    properties: Path
    log_configuration: Path


def prepare(data: Path, start: JavaStart, listeners: Listeners) -> Prepared:
    """Write the configuration of ``data`` and format it where it is new.

    Raises
    ------
    BrokerError
        If formatting fails.
    """
    data.mkdir(parents=True, exist_ok=True)
    files = Prepared(data / "server.properties", data / "log4j2.properties")
    files.properties.write_text(as_text(server_properties(data, listeners)))
    files.log_configuration.write_text(as_text(log_properties()))
    if not (data / "log" / "meta.properties").exists():
        _format(start, files)
    return files


def _format(start: JavaStart, files: Prepared) -> None:
    done = subprocess.run(
        tethered(format_command(start, *files)), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BrokerError(
            f"Could not format the broker's data folder {files.properties.parent} (exit code "
            f"{done.returncode}). Java said:\n{(done.stdout + done.stderr)[-TAIL_BYTES:]}"
        )


def demand_free(port: int) -> None:
    """Raise BrokerError if somebody listens on ``port``, with who it is where that is known."""
    if is_free(port):
        return
    raise BrokerError(
        f"Port {port} is taken by {listener(port) or 'an unknown process'}; the broker needs it. "
        "Stop that process (make down, if it is an earlier line), choose another port, or set "
        f"KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:{port} if it is a Kafka that you want to use."
    )


def _lock(data: Path) -> int:
    # Kafka locks its logs only after it has opened the quorum's files: a second broker would have
    # harmed the first by then, so that it no longer stops.
    data.mkdir(parents=True, exist_ok=True)
    held = os.open(data / ".in-use", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise BrokerError(
            f"The broker's data folder {data} is locked: another broker runs over it. Stop that one "
            "(make down, if it is an earlier line), or choose another folder."
        ) from None
    return held


class BrokerProcess:
    """A running broker, child of this process; it ends when this process ends, even by SIGKILL."""

    def __init__(
        self, start: JavaStart, data: Path, listeners: Listeners, write_archive: Path | None = None
    ) -> None:
        lock = _lock(data)
        try:
            self._start(start, data, listeners, write_archive, lock)
        finally:
            # The broker holds its own copy: the folder is free when its process has ended.
            os.close(lock)

    def _start(
        self,
        start: JavaStart,
        data: Path,
        listeners: Listeners,
        write_archive: Path | None,
        lock: int,
    ) -> None:
        files = prepare(data, start, listeners)
        self.bootstrap = listeners.bootstrap
        self.log = data / "broker.log"
        self._port = listeners.clients
        command = server_command(start, *files, write_archive=write_archive)
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C at a terminal reaches the line first, the broker last.
            self._process = subprocess.Popen(
                tethered(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )

    @property
    def pid(self) -> int:
        """Return the process id of the JVM."""
        return self._process.pid

    def wait_until_ready(self, report: Report, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when clients can be served.

        Raises
        ------
        BrokerError
            If the process ends before, or the time is over.
        """
        began = time.monotonic()
        told = 0
        while is_free(self._port) or not answers(self.bootstrap, timeout_s=1.0):
            waited = time.monotonic() - began
            if self._process.poll() is not None or waited > timeout_s:
                raise self._not_ready(waited)
            if int(waited) > told:
                told = int(waited)
                report(f"Waiting for the broker at {self.bootstrap} ({told} s)")
            time.sleep(POLL_S)

    def _not_ready(self, waited: float) -> BrokerError:
        code = self._process.poll()
        state = "is not ready" if code is None else f"ended with exit code {code}"
        tail = self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        return BrokerError(
            f"The broker at {self.bootstrap} {state} after {waited:.0f} s. Its log {self.log} ends "
            f"with:\n{tail}"
        )

    def stop(self) -> int:
        """Stop the broker and return its exit code; 143 is the clean one. May be called twice."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
