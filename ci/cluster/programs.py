"""Programs that are run to their end."""

import subprocess
from collections.abc import Sequence

from alphaline.errors import LineError

# A wait of helm or kubectl that never ends would hold up everything.
TIMEOUT_S = 900.0
SAID_CHARACTERS = 4_000


def output(command: Sequence[str], given: bytes | None = None, timeout_s: float = TIMEOUT_S) -> str:
    """Return what a program wrote; LineError with its complaint if it fails."""
    return bytes_of(command, given, timeout_s).decode()


def bytes_of(
    command: Sequence[str], given: bytes | None = None, timeout_s: float = TIMEOUT_S
) -> bytes:
    """Return the bytes that a program wrote; LineError with its complaint if it fails."""
    ended = attempt(command, given, timeout_s)
    if ended.returncode:
        said = (ended.stderr or ended.stdout).decode(errors="replace").strip()
        raise LineError(
            f"`{' '.join(command)}`: expected exit code 0, saw {ended.returncode}: "
            f"{said[-SAID_CHARACTERS:]}"
        )
    return ended.stdout


def attempt(
    command: Sequence[str], given: bytes | None = None, timeout_s: float = TIMEOUT_S
) -> subprocess.CompletedProcess[bytes]:
    """Return how a program ended, whatever its exit code.

    Raises
    ------
    LineError
        If it is not there, or does not end.
    """
    try:
        return subprocess.run(
            list(command),
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise LineError(
            f"expected {command[0]} on PATH, saw none: install it, or name it"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LineError(f"`{' '.join(command)}` still runs after {timeout_s:.0f} s") from error
