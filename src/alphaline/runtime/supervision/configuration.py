"""The configuration file of supervisord for a line. Pure: text from arguments."""

import hashlib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from alphaline.errors import LineError
from alphaline.runtime.supervision.parts import GROUPS, Part

# The kernel takes 107 bytes for the name of a socket; supervisord adds its process id while it binds.
SOCKET_NAME_BYTES = 107 - len(".4194304")
# A sink writes what it holds, the broker its log: a second. Beyond this it is killed, and recovers.
STOP_WAIT_S = 20
# A service that ends at once is started again after 1, 2, 3 … seconds: long enough for a broker
# that was killed (8 s) and for one that has to move its log.
START_RETRIES = 10


class Places(NamedTuple):
    """Files of the supervisor of one line."""

    configuration: Path
    socket: Path
    pid: Path
    log: Path
    lock: Path
    topic_prefix: Path
    logs: Path


def places(root: Path, temporary: Path) -> Places:
    """Return the files of the line under ``root``.

    The socket stands in ``temporary``, under a name of its own, where the path under ``root`` is too
    long for a socket.
    """
    folder = root / "supervisor"
    socket = folder / "supervisor.sock"
    if len(str(socket).encode()) > SOCKET_NAME_BYTES:
        name = hashlib.blake2b(str(root).encode(), digest_size=8).hexdigest()
        socket = temporary / f"alphaline-{name}.sock"
    return Places(
        configuration=folder / "supervisord.conf",
        socket=socket,
        pid=folder / "supervisord.pid",
        log=folder / "supervisord.log",
        lock=folder / "lock",
        topic_prefix=folder / "topic_prefix",
        logs=root / "logs",
    )


def log_file(where: Places, name: str) -> Path:
    """Return the log of a part."""
    return where.logs / f"{name}.log"


def configuration(
    parts: Sequence[Part], where: Places, directory: Path, user: str | None = None
) -> str:
    """Return supervisord's configuration: no TCP, every part restarted whenever it ends.

    Parameters
    ----------
    directory
        Working directory of every part.
    user
        Named where supervisord runs as root, which it otherwise takes for an oversight.

    Raises
    ------
    LineError
        If a value cannot be written into this format.
    """
    sections = [
        _section("unix_http_server", {"file": where.socket, "chmod": "0700"}),
        _section(
            "rpcinterface:supervisor",
            {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface",
            },
        ),
        _section("supervisord", _daemon(where, directory, user)),
        *(_section(f"program:{part.name}", _program(part, where, directory)) for part in parts),
        *(_section(f"group:{group}", _group(group, parts)) for group in _groups(parts)),
    ]
    return "\n".join(sections)


def _daemon(where: Places, directory: Path, user: str | None) -> dict[str, object]:
    settings: dict[str, object] = {
        "identifier": "alphaline",
        "logfile": where.log,
        "logfile_maxbytes": "1MB",
        "logfile_backups": 2,
        "pidfile": where.pid,
        "directory": directory,
        "strip_ansi": "true",
    }
    return settings if user is None else {**settings, "user": user}


def _program(part: Part, where: Places, directory: Path) -> dict[str, object]:
    return {
        "command": shlex.join(part.command),
        "directory": directory,
        "environment": _environment(part.settings),
        # `up` starts them one after another, each once what it needs is there.
        "autostart": "false",
        "autorestart": "true",
        "startsecs": 1,
        "startretries": START_RETRIES,
        "stopsignal": "TERM",
        "stopwaitsecs": STOP_WAIT_S,
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": log_file(where, part.name),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 3,
    }


def _groups(parts: Iterable[Part]) -> list[str]:
    present = {part.group for part in parts}
    return [group for group in GROUPS if group in present]


def _group(group: str, parts: Iterable[Part]) -> dict[str, object]:
    members = [part.name for part in parts if part.group == group]
    # A higher number starts later and stops earlier.
    return {"programs": ",".join(members), "priority": 10 * (1 + GROUPS.index(group))}


def _environment(settings: Mapping[str, str]) -> str:
    for name, value in settings.items():
        if '"' in value:
            raise LineError(f'{name}: expected a value without ", saw {value!r}; rename the path')
    return ",".join(f'{name}="{value}"' for name, value in settings.items())


def _section(name: str, settings: Mapping[str, object]) -> str:
    lines = (f"{key} = {_escaped(key, str(value))}\n" for key, value in settings.items())
    return f"[{name}]\n{''.join(lines)}"


def _escaped(key: str, value: str) -> str:
    # A percent sign is expanded once in some values and twice in others, so there is no way to write it.
    if "\n" in value or " ;" in value or " #" in value or "%" in value:
        raise LineError(
            f"{key}: supervisord's format has no line ends, takes ' ;' and ' #' for comments and '%' "
            f"for its own names, saw {value!r}; choose another ALPHALINE_HOME"
        )
    return value
