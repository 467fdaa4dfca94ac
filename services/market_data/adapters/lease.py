"""The clock lease: one process at a time writes clock records, and each holder has its epoch."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from alphaline.errors import ClockError


class FileClockLease:
    """A lease on one machine: an exclusive lock on a file that also keeps the epoch.

    The same holder keeps its epoch over restarts, so that repeated clock records are byte-equal;
    another holder gets the next one.

    Raises
    ------
    ClockError
        On entering, while another process holds the lease.
    """

    def __init__(self, path: Path, holder: str) -> None:
        self._path = path
        self._holder = holder
        self.epoch = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise ClockError(
                f"{self._path}: another process holds the clock lease; stop it first, a line has one "
                "clock"
            ) from error
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def _take(self) -> None:
        self._file.seek(0)
        text = self._file.read()
        last: dict[str, Any] = json.loads(text) if text else {"holder": self._holder, "epoch": 1}
        self.epoch = last["epoch"] + (last["holder"] != self._holder)
        self._file.seek(0)
        self._file.truncate()
        json.dump({"holder": self._holder, "epoch": self.epoch}, self._file)
        self._file.flush()
        os.fsync(self._file.fileno())
