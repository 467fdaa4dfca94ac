"""The parts of a line on one machine, in the order in which data flows: command, settings, readiness."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from alphaline.runtime.line_environment import service_settings
from alphaline.runtime.places import checkout, serving_python
from alphaline.runtime.ports import LOOPBACK
from alphaline.runtime.supervision.line_file import LineFile

BROKER = "broker"
MODEL_SERVING = "model_serving"
MARKET_DATA = "market_data"
# After the broker, in the order in which data flows; market data last, when every reader is there.
SERVICES = (
    "feature_streaming",
    "lake_sink",
    "feature_sink",
    "risk_management",
    "signal_generation",
    "paper_trading",
    "gateway",
)
# Names the line that a process belongs to: what is left of a dead supervisor is found by it.
MARK = "ALPHALINE_LINE_ROOT"

# A service's supervisor is told to it when it starts: it ends when that one dies, however it dies.
TETHERED = 'exec "$0" -m alphaline.runtime.tether "$PPID" "$@"'


class Part(NamedTuple):
    """One program of the line.

    Parameters
    ----------
    name
        Its name in every table and command.
    group
        What is stopped together, in reverse order of ``GROUPS``.
    ready_url
        Answers 200 once it is ready; None for the broker, which is asked by its own protocol.
    """

    name: str
    group: str
    command: tuple[str, ...]
    settings: Mapping[str, str]
    ready_url: str | None


# The broker starts first and stops last.
GROUPS = (BROKER, "line", MARKET_DATA)


def parts(line: LineFile) -> tuple[Part, ...]:
    """Return the parts of ``line`` in the order in which they start."""
    found = [_broker(line)] if line.own_broker else []
    if line.inference == "open_inference":
        found.append(_model_serving(line))
    found += [_service(line, name, "line") for name in SERVICES]
    if line.replay is not None:
        found.append(_service(line, MARKET_DATA, MARKET_DATA))
    return tuple(found)


def _broker(line: LineFile) -> Part:
    command = (
        *(sys.executable, "-m", "alphaline.runtime.broker"),
        *("--data", str(Path(line.root) / "kafka")),
        *("--port", str(line.ports["kafka"])),
    )
    return Part(BROKER, BROKER, command, {MARK: line.root}, None)


def _model_serving(line: LineFile) -> Part:
    root = Path(line.root)
    settings = {
        "MODEL_STORE": str(root / "models"),
        "PUBLIC_KEY": str(root / "keys" / "signing.pub"),
        "HTTP_PORT": str(line.ports["model_server_rest"]),
        "GRPC_PORT": str(line.ports["model_server_grpc"]),
        "METRICS_PORT": str(line.ports["model_serving_metrics"]),
    }
    environment = {f"ALPHALINE_MODEL_SERVING_{name}": value for name, value in settings.items()}
    environment[MARK] = line.root
    # Its environment does not hold this package.
    environment["PYTHONPATH"] = os.pathsep.join([str(checkout() / "src"), str(checkout())])
    command = _tethered(str(serving_python()), "-m", "services.model_serving")
    url = f"http://{line.address('model_server_rest')}/v2/health/ready"
    return Part(MODEL_SERVING, "line", command, environment, url)


def _service(line: LineFile, name: str, group: str) -> Part:
    port = line.ports[f"{name}_metrics"]
    settings = {
        **service_settings(Path(line.root), line.bootstrap_servers, line.address("risk"), port),
        **_own_settings(line, name),
        "ALPHALINE_TOPIC_PREFIX": line.topic_prefix,
        **line.settings,
        MARK: line.root,
    }
    command = _tethered(sys.executable, "-m", f"services.{name}")
    return Part(name, group, command, settings, f"http://{LOOPBACK}:{port}/ready")


def _own_settings(line: LineFile, name: str) -> dict[str, str]:
    if name == "signal_generation":
        return {
            "ALPHALINE_INFERENCE": line.inference,
            "ALPHALINE_MODEL_SERVER_ADDRESS": line.address("model_server_grpc"),
        }
    if name == "gateway":
        return {"ALPHALINE_GATEWAY_PORT": str(line.ports["gateway"])}
    if name == MARKET_DATA and line.replay is not None:
        return {
            "ALPHALINE_REPLAY_FIRST_SESSION": str(line.replay.first),
            "ALPHALINE_REPLAY_LAST_SESSION": str(line.replay.last),
            "ALPHALINE_REPLAY_SPEED": f"{line.replay.speed:g}",
            "ALPHALINE_REPLAY_STAYS": "true",
        }
    return {}


def _tethered(*command: str) -> tuple[str, ...]:
    return ("/bin/sh", "-c", TETHERED, sys.executable, *command)
