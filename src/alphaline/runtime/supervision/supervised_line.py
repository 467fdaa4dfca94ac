"""A line of this machine: up, down, and what it says about itself.

Everything that it keeps, its supervisor's files included, lies under one folder; ``<root>.json``
beside it says where it can be reached while it is up.
"""

import fcntl
import getpass
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import psutil

from alphaline.errors import LineError
from alphaline.runtime.broker import existing_broker, java_for_broker, silent
from alphaline.runtime.line_environment import whole_environment
from alphaline.runtime.places import checkout
from alphaline.runtime.ports import LOOPBACK
from alphaline.runtime.supervision.configuration import (
    STOP_WAIT_S,
    configuration,
    log_file,
    places,
)
from alphaline.runtime.supervision.leftovers import end_leftovers, wait_for_end
from alphaline.runtime.supervision.line_file import (
    LineFile,
    Replay,
    line_file,
    read_line_file,
    write_line_file,
)
from alphaline.runtime.supervision.parts import BROKER, MARK, Part, parts
from alphaline.runtime.supervision.port_table import choose_ports
from alphaline.runtime.supervision.readiness import is_ready
from alphaline.runtime.supervision.supervisor_client import PartState, SupervisorClient
from alphaline.runtime.topics import Topics

Report = Callable[[str], None]

# supervisord itself is there in half a second; a busy machine takes some.
SUPERVISOR_TIMEOUT_S = 30.0
# A cold start compiles the operators: some ten seconds where two cores are busy.
READY_TIMEOUT_S = 180.0
POLL_S = 0.1
TAIL_LINES = 15


class Wanted(NamedTuple):
    """What a line is to be.

    Parameters
    ----------
    inference
        ``open_inference`` (a model server is part of the line) or ``in_process``.
    replay
        What market data publishes, None for no recording.
    settings
        Further environment variables of every service.
    """

    inference: str = "open_inference"
    replay: Replay | None = None
    settings: Mapping[str, str] = MappingProxyType({})


class SupervisedLine:
    """The line under ``root``.

    Parameters
    ----------
    root
        Folder of everything that it keeps; made where missing.
    report
        Receives one line per step, and per few seconds of waiting.
    """

    def __init__(self, root: Path, report: Report = silent) -> None:
        self.root = root.resolve()
        self.where = places(self.root, Path(tempfile.gettempdir()))
        self.supervisor = SupervisorClient(self.where.socket)
        self._report = report

    def is_up(self) -> bool:
        """Return whether its supervisor runs."""
        return self.supervisor.answers()

    def line(self) -> LineFile:
        """Return where the running line can be reached; LineError if it is not up."""
        line = read_line_file(self.root)
        if line is None or not self.is_up():
            raise LineError(f"expected a running line under {self.root}, saw none; `alphaline up`")
        return line

    def up(self, wanted: Wanted) -> LineFile:
        """Start what does not run yet and return once every part is ready.

        A line that is up keeps its ports, cluster and settings; only its recording becomes that of
        ``wanted``. Otherwise ports are chosen, and the jars of a broker of its own are fetched where
        they are missing.

        Raises
        ------
        LineError, BrokerError
            If a part cannot be had or does not become ready: the message has the end of its log, and
            a line that was not up before is taken down again.
        """
        with self._alone():
            if self.is_up() and (running := read_line_file(self.root)) is not None:
                replay = wanted.replay or running.replay
                return self._bring_up(msgspec.structs.replace(running, replay=replay))
            self._end_leftovers()
            line = self._chosen(wanted)
            try:
                return self._bring_up(line)
            except BaseException:
                self._take_down()
                raise

    def replay(self, replay: Replay) -> LineFile:
        """Have market data publish these sessions, from where the log ends; the line is up."""
        line = msgspec.structs.replace(self.line(), replay=replay)
        with self._alone():
            return self._bring_up(line)

    def down(self) -> list[str]:
        """Stop every part, the broker last, and return the names of those that ran; forgets nothing."""
        with self._alone():
            return self._take_down()

    def states(self) -> dict[str, PartState]:
        """Return every part by name, as the supervisor knows it."""
        return self.supervisor.states()

    def tail(self, name: str, lines: int = TAIL_LINES) -> list[str]:
        """Return the last ``lines`` of a part's log."""
        path = log_file(self.where, name)
        return path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []

    def _chosen(self, wanted: Wanted) -> LineFile:
        cluster = existing_broker()
        if cluster is None:
            java_for_broker(self._report)
        ports, moved = choose_ports()
        return LineFile(
            root=str(self.root),
            bootstrap_servers=cluster or f"{LOOPBACK}:{ports['kafka']}",
            own_broker=cluster is None,
            ports=ports,
            moved=moved,
            inference=wanted.inference,
            replay=wanted.replay,
            topic_prefix=self._topic_prefix(is_shared=cluster is not None),
            settings=dict(wanted.settings),
        )

    def _topic_prefix(self, *, is_shared: bool) -> str:
        # Another line on the same cluster, or an earlier one of this folder, has topics of its own.
        if not is_shared:
            return ""
        if not self.where.topic_prefix.exists():
            self.where.topic_prefix.write_text(f"alphaline-{secrets.token_hex(4)}.")
        return self.where.topic_prefix.read_text()

    def _bring_up(self, line: LineFile) -> LineFile:
        self._configure(line)
        if not self.is_up():
            self._start_supervisor()
        line = msgspec.structs.replace(line, supervisor_pid=self.supervisor.pid())
        write_line_file(line)
        chosen = parts(line)
        self._start([part for part in chosen if part.name == BROKER], line)
        created = Topics(line.topic_prefix).create(line.bootstrap_servers)
        if created:
            self._report(f"topics: {len(created)} created")
        self._start([part for part in chosen if part.name != BROKER], line)
        pids = {name: state.pid for name, state in self.states().items()}
        line = msgspec.structs.replace(line, pids=pids)
        write_line_file(line)
        return line

    def _start(self, chosen: Sequence[Part], line: LineFile) -> None:
        stopped = [part for part in chosen if self.states()[part.name].pid == 0]
        for part in stopped:
            self.supervisor.start(self.states()[part.name])
        for part in chosen:
            self._wait_until_ready(part, line)
            if part in stopped:
                self._report(f"{part.name}: ready")

    def _configure(self, line: LineFile) -> None:
        for folder in (self.where.logs, self.where.configuration.parent):
            folder.mkdir(parents=True, exist_ok=True)
        user = getpass.getuser() if os.geteuid() == 0 else None
        text = configuration(parts(line), self.where, checkout(), user)
        self.where.configuration.write_text(text)
        if self.is_up():
            self.supervisor.reload()

    def _start_supervisor(self) -> None:
        command = (sys.executable, "-m", "supervisor.supervisord")
        environment = whole_environment({MARK: str(self.root)})
        done = subprocess.run(
            [*command, "--configuration", str(self.where.configuration)],
            env=environment,
            cwd=checkout(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        until = time.monotonic() + SUPERVISOR_TIMEOUT_S
        while not self.is_up():
            if done.returncode != 0 or time.monotonic() > until:
                raise LineError(
                    f"supervisord did not start (exit code {done.returncode}): "
                    f"{done.stdout}{done.stderr}; its log: {self.where.log}"
                )
            time.sleep(POLL_S)

    def _wait_until_ready(self, part: Part, line: LineFile) -> None:
        began = time.monotonic()
        told = 0
        while not is_ready(part, line):
            waited = time.monotonic() - began
            state = self.states()[part.name]
            if state.state in ("fatal", "exited", "stopped") or waited > READY_TIMEOUT_S:
                raise self._not_ready(state, waited)
            if waited >= told + 5:
                told += 5
                self._report(f"{part.name}: not ready yet ({told} s)")
            time.sleep(POLL_S)

    def _not_ready(self, state: PartState, waited: float) -> LineError:
        tail = "\n".join(self.tail(state.name))
        return LineError(
            f"{state.name} is {state.state} and not ready after {waited:.0f} s ({state.detail}). Its "
            f"log {log_file(self.where, state.name)} ends with:\n{tail}"
        )

    def _take_down(self) -> list[str]:
        stopped: list[str] = []
        if self.is_up():
            stopped = [name for name, state in self.states().items() if state.pid]
            process = psutil.Process(self.supervisor.pid())
            self.supervisor.shutdown()
            wait_for_end([process], 3.0 * STOP_WAIT_S)
        self._end_leftovers()
        line_file(self.root).unlink(missing_ok=True)
        return stopped

    def _end_leftovers(self) -> None:
        ended = end_leftovers(self.root)
        if ended:
            self._report(f"ended {len(ended)} processes that an earlier line left behind")
        for path in (self.where.socket, self.where.pid):
            path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.where.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.where.lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._report("waiting for another command that starts or stops this line")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
