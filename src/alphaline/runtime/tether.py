"""Run a command that ends when the process that started it ends, however that one dies.

``python -m alphaline.runtime.tether PARENT_PID COMMAND …`` asks the kernel for a SIGTERM at the
parent's death and becomes the command. A parent that is killed with SIGKILL runs no handler, and a
``preexec_fn`` is unsafe in a process with threads: hence this program between the two.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

from alphaline.errors import LineError

PR_SET_PDEATHSIG = 1


def tethered(command: Sequence[str]) -> list[str]:
    """Return the command line that runs ``command`` tethered to the calling process.

    Start it from the main thread: the kernel sends the signal when the starting *thread* ends.
    """
    return [sys.executable, "-m", "alphaline.runtime.tether", str(os.getpid()), *command]


def end_with_parent(parent: int) -> None:
    """Ask for a SIGTERM when ``parent`` dies; it survives an exec. Linux only, elsewhere nothing.

    Raises
    ------
    LineError
        If the parent died before the kernel could be asked, or the kernel refuses.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise LineError(f"prctl(PR_SET_PDEATHSIG): {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        raise LineError(f"process {parent} that started this one has died: nothing is started")


def become(command: Sequence[str]) -> None:
    """Replace this process by ``command``; does not return."""
    os.execvp(command[0], list(command))  # noqa: S606 - no shell is the point


def main() -> None:
    """Tether this process to the parent named first, then become the command that follows."""
    end_with_parent(int(sys.argv[1]))
    become(sys.argv[2:])


if __name__ == "__main__":
    main()
