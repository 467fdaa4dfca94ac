"""``make test-cluster``: tells what goes on, and ends with one JSON object."""

import sys

from alphaline.runtime import determinism

determinism.apply()

from ci.cluster.settings import Settings  # noqa: E402
from ci.cluster.showing import Showing  # noqa: E402
from ci.cluster.telling import end, progress, shown  # noqa: E402


def main() -> int:
    """Show everything; exit code 1 where something does not hold."""
    return end(shown(Showing, Settings(), progress(), Showing.run))


if __name__ == "__main__":
    sys.exit(main())
