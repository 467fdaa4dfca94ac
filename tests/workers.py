"""How two worker processes of one test run share the tests, and keep out of each other's way."""

import os
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

from alphaline.runtime import ports
from alphaline.runtime.places import checkout

# What starts a broker, a database server or a whole line. One worker runs all of it: each server
# starts once, and no two lines wait for each other's processor time.
SERVERS = ("tests/contract/", "tests/e2e/", "tests/integration/")


class ServersTogether(LoadFileScheduling):
    """Tests by file, in the order they are collected; those that start servers as one file, first."""

    def _split_scope(self, nodeid: str) -> str:
        return "servers" if nodeid.startswith(SERVERS) else super()._split_scope(nodeid)


def keep_apart() -> None:
    """Give this worker its own ports and its own compiled functions; nothing without workers.

    A port is bound a while after it was chosen, and numba's index of compiled functions is rewritten
    as a whole by whoever compiles. To be called before numba is imported.
    """
    name = os.environ.get("PYTEST_XDIST_WORKER")
    if name is None:
        return
    count, number = int(os.environ["PYTEST_XDIST_WORKER_COUNT"]), int(name.removeprefix("gw"))
    ports.CHOSEN_FROM = ports.CHOSEN_FROM[number::count]
    folder: Path = checkout() / "var/cache/numba" / name
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
