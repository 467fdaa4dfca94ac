"""The services of a line as child processes on this machine, over a given broker and folder."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alphaline.errors import LineError
from alphaline.runtime.line_environment import service_settings, whole_environment
from alphaline.runtime.places import checkout, serving_python
from alphaline.runtime.ports import free_port

# In the order in which data flows.
SERVICES = (
    "market_data",
    "feature_streaming",
    "lake_sink",
    "feature_sink",
    "signal_generation",
    "risk_management",
    "paper_trading",
    "gateway",
)
# A cold start compiles the operators: some ten seconds where two cores are busy.
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0


@dataclass
class LocalLine:
    """Starts, kills and stops services; everything they keep lies under ``root``.

    Parameters
    ----------
    root
        Folder of lake, ledger, journal, models and logs.
    bootstrap
        Kafka's ``host:port``.
    settings
        Further environment variables of every service, such as ``ALPHALINE_CLOCK_MODE``.
    """

    root: Path
    bootstrap: str
    settings: Mapping[str, str] = field(default_factory=dict)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _ready_urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / "logs").mkdir(parents=True, exist_ok=True)
        self.risk_port = free_port()

    def environment(self, service: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment of a service."""
        chosen = service_settings(
            self.root,
            self.bootstrap,
            f"127.0.0.1:{self.risk_port}",
            self.metrics_port(service),
        )
        return whole_environment(chosen, self.settings, extra)

    def metrics_port(self, service: str) -> int:
        """Return the port of a service's metrics and health; the same over restarts."""
        if service not in self._ports:
            self._ports[service] = free_port()
        return self._ports[service]

    def start(self, service: str, **extra: str) -> None:
        """Start a service; ``extra`` are further environment variables."""
        log = (self.root / "logs" / f"{service}.log").open("ab")
        with log:
            self._processes[service] = subprocess.Popen(
                [_interpreter(service), "-m", f"services.{service}"],
                cwd=checkout(),
                env=self.environment(service, extra),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ready_url(self, service: str, url: str) -> None:
        """Ask for readiness of a service at ``url`` instead of its metrics port."""
        self._ready_urls[service] = url

    def wait_until_ready(self, *services: str) -> None:
        """Return once every one answers that it is ready; LineError if one ends or is too slow."""
        until = time.monotonic() + READY_TIMEOUT_S
        for service in services:
            while not self._is_ready(service):
                self.demand_running(service)
                if time.monotonic() > until:
                    raise LineError(
                        f"{service} is not ready after {READY_TIMEOUT_S:.0f} s\n{self.tail(service)}"
                    )
                time.sleep(0.05)

    def demand_running(self, service: str) -> None:
        """Raise LineError with the end of its log if a service has ended."""
        code = self._processes[service].poll()
        if code not in (None, 0):
            raise LineError(f"{service} ended with exit code {code}\n{self.tail(service)}")

    def exit_code(self, service: str) -> int | None:
        """Return how a service ended; None while it runs."""
        return self._processes[service].poll()

    def started(self) -> tuple[str, ...]:
        """Return the services that have been started, in that order."""
        return tuple(self._processes)

    def pid(self, service: str) -> int:
        """Return the process id of a service that was started."""
        return self._processes[service].pid

    def wait(self, service: str, timeout_s: float) -> int:
        """Return the exit code of a service once it has ended."""
        try:
            return self._processes[service].wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LineError(f"{service} still runs after {timeout_s:.0f} s") from error

    def kill(self, service: str) -> None:
        """End a service with SIGKILL and wait for it."""
        self._processes[service].kill()
        self._processes[service].wait()

    def stop(self, *services: str) -> None:
        """End services with SIGTERM, all of them where none is named; SIGKILL for those that stay."""
        chosen = services or tuple(self._processes)
        for service in chosen:
            if self._processes[service].poll() is None:
                self._processes[service].terminate()
        for service in chosen:
            try:
                self._processes[service].wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill(service)

    def metric(self, service: str, name: str) -> float:
        """Return the sum over all labels of one metric that a running service exposes."""
        url = f"http://127.0.0.1:{self.metrics_port(service)}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith((f"{name}{{", f"{name} "))
        )

    def tail(self, service: str, lines: int = 15) -> str:
        """Return the end of a service's log."""
        path = self.root / "logs" / f"{service}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])

    def _is_ready(self, service: str) -> bool:
        default = f"http://127.0.0.1:{self.metrics_port(service)}/ready"
        url = self._ready_urls.get(service, default)
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - loopback only
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _interpreter(service: str) -> str:
    # The model server lives in an environment of its own.
    return str(serving_python()) if service == "model_serving" else sys.executable
