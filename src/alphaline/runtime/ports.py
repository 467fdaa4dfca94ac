"""TCP ports of this machine: which is free, and who holds one that is not."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below the range from which kernels take ports for outgoing connections (32768 on Linux, 49152 on
# macOS): one that is free when chosen is not taken by a client connection before it is bound.
CHOSEN_FROM = range(20_000, 32_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether a server could listen on ``port``."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that linger after a stop do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that nobody listens on; see ``free_ports`` where several are needed."""
    return free_ports(1)[0]


def free_ports(count: int) -> tuple[int, ...]:
    """Return ``count`` different ports that nobody listens on.

    Raises
    ------
    OSError
        If fewer are free.
    """
    found: list[int] = []
    for port in random.sample(CHOSEN_FROM, len(CHOSEN_FROM)):
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return tuple(found)
    raise OSError(f"expected {count} free ports in {CHOSEN_FROM}, found {len(found)}")


def listener(port: int) -> str | None:
    """Return ``name (process id)`` of the process that listens on ``port``, None where unknown."""
    try:
        import psutil  # noqa: PLC0415 - only an error message needs it
    except ImportError:
        return None
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and getattr(connection.laddr, "port", 0) == port
            ):
                name = psutil.Process(connection.pid).name() if connection.pid else "unknown"
                return f"{name} (process {connection.pid})"
    except psutil.Error:  # another user's process, or one that has just ended
        return None
    return None
