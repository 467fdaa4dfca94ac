"""``<root>.json``: where a running line can be reached. Written by `up`, removed by `down`."""

from datetime import date
from pathlib import Path

import msgspec

from alphaline.errors import LineError


class Replay(msgspec.Struct, frozen=True):
    """What market data publishes: both sessions included, from where the log ends.

    ``speed`` is line seconds per wall second, 0 for as fast as the line takes them.
    """

    first: date
    last: date
    speed: float = 0


class LineFile(msgspec.Struct, frozen=True, kw_only=True):
    """A running line.

    Parameters
    ----------
    root
        Folder of everything that the line keeps.
    bootstrap_servers
        Kafka's ``host:port``.
    own_broker
        Whether the line's supervisor runs that Kafka.
    ports
        Port on loopback by purpose.
    moved
        Those that are not the preferred ones, because these were taken.
    inference
        ``open_inference`` (a model server is part of the line) or ``in_process``.
    replay
        What market data publishes, None for no recording.
    topic_prefix
        Stands before the names of the topics on the cluster.
    settings
        Further environment variables of every service.
    supervisor_pid
        Process id of supervisord, 0 before it has started.
    pids
        Process id by part, at the time when the line came up.
    """

    root: str
    bootstrap_servers: str
    own_broker: bool
    ports: dict[str, int]
    moved: dict[str, int]
    inference: str = "open_inference"
    replay: Replay | None = None
    topic_prefix: str = ""
    settings: dict[str, str] = {}
    supervisor_pid: int = 0
    pids: dict[str, int] = {}

    def address(self, purpose: str) -> str:
        """Return ``host:port`` of a purpose of the port table."""
        return f"127.0.0.1:{self.ports[purpose]}"


def line_file(root: Path) -> Path:
    """Return where the file of the line under ``root`` stands: beside the folder."""
    return root.with_name(f"{root.name}.json")


def write_line_file(line: LineFile) -> None:
    """Write the file of ``line``; readers see the old one or the new one."""
    path = line_file(Path(line.root))
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(line), indent=2))
    unfinished.replace(path)


def read_line_file(root: Path) -> LineFile | None:
    """Return the line under ``root``, None where none was started.

    Raises
    ------
    LineError
        If the file says something else than a line.
    """
    path = line_file(root)
    try:
        return msgspec.json.decode(path.read_bytes(), type=LineFile)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise LineError(f"{path}: expected a line, saw {error}; remove the file") from error
