"""Makes a container's process 1 end on SIGTERM, from its first import on.

The kernel keeps every signal from process 1 that it has no handler for: a pod that is told to stop
while it imports, or a Job that never asks for the signal, would live until it is killed, 30 seconds
later. Images import this module when Python starts; a service sets its own handler in its place.
"""

import os
import signal
import sys
from types import FrameType

# What a process that died of the signal is reported as.
ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def end(_number: int, _frame: FrameType | None) -> None:
    """End the process as an exception does: what is open is closed, what runs in it is ended."""
    sys.exit(ENDED_BY_SIGTERM)


def listen() -> None:
    """Set the handler in process 1, and in no other."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, end)


listen()
