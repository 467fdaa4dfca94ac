"""Faults of this test run's own broker: its process, found by the port it listens on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest


def process_of(bootstrap: str) -> psutil.Process:
    """Return the broker's process; skips where the broker is somebody else's."""
    port = int(bootstrap.rpartition(":")[2])
    for child in psutil.Process().children(recursive=True):
        listening = [one for one in child.net_connections("tcp") if one.status == "LISTEN"]
        if any(one.laddr.port == port for one in listening):
            return child
    pytest.skip("stops a broker of its own, and KAFKA_BOOTSTRAP_SERVERS names another one")


@contextmanager
def frozen(bootstrap: str) -> Iterator[None]:
    """Let the broker answer nothing in the block, with its connections open."""
    process = process_of(bootstrap)
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
