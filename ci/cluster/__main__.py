"""``make test-cluster``: tells what goes on, and ends with one JSON object."""

import json
import sys
import tempfile
import time
from pathlib import Path

from alphaline.errors import AlphalineError
from alphaline.runtime import determinism

determinism.apply()

from ci.cluster.settings import Settings  # noqa: E402
from ci.cluster.showing import Showing  # noqa: E402


def main() -> int:
    """Show everything; exit code 1 where something does not hold."""
    began = time.monotonic()

    def report(sentence: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {sentence}\n")
        sys.stderr.flush()

    with tempfile.TemporaryDirectory(prefix="alphaline-cluster-") as folder:
        showing = Showing(Settings(), Path(folder), report)
        try:
            showing.run()
        except AlphalineError as error:
            report(f"{type(error).__name__}: {error}")
            showing.found["fault"] = {"holds": False, "message": str(error)}
    answer = {"holds": showing.holds, "seconds": round(time.monotonic() - began), **showing.found}
    sys.stdout.write(json.dumps(answer, default=str) + "\n")
    return 0 if showing.holds else 1


if __name__ == "__main__":
    sys.exit(main())
