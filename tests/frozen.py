"""Servers of this test run that stop answering, with their connections open."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest


def broker_process(bootstrap: str) -> psutil.Process:
    """Return the broker's process by the port it listens on; skips where the broker is somebody else's."""
    port = int(bootstrap.rpartition(":")[2])
    for child in psutil.Process().children(recursive=True):
        listening = [one for one in child.net_connections("tcp") if one.status == "LISTEN"]
        if any(one.laddr.port == port for one in listening):
            return child
    pytest.skip("stops a broker of its own, and KAFKA_BOOTSTRAP_SERVERS names another one")


@contextmanager
def frozen(server: psutil.Process) -> Iterator[None]:
    """Let a server and the processes that it has made answer nothing in the block."""
    # First the one that makes the others: none of them can be missed.
    server.suspend()
    workers = server.children(recursive=True)
    for worker in workers:
        worker.suspend()
    try:
        yield
    finally:
        for process in (*workers, server):
            process.resume()
