"""What both commands tell: sentences on what goes on, and one JSON object at the end."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from alphaline.cli.verification.drill import Report
from alphaline.errors import AlphalineError
from ci.cluster.run import Run
from ci.cluster.settings import Settings

Kind = TypeVar("Kind", bound=Run)


def progress() -> Report:
    """Return what writes a sentence with the seconds since now to standard error."""
    began = time.monotonic()

    def report(sentence: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {sentence}\n")
        sys.stderr.flush()

    return report


def shown(
    kind: type[Kind], settings: Settings, report: Report, show: Callable[[Kind], None]
) -> dict[str, Any]:
    """Return what a run found, a fault that ended it included; whether it holds, and its seconds."""
    began = time.monotonic()
    with TemporaryDirectory(prefix=f"{settings.namespace}-") as folder:
        run = kind(settings, Path(folder), report)
        try:
            show(run)
        except AlphalineError as error:
            report(f"{type(error).__name__}: {error}")
            run.found["fault"] = {"holds": False, "message": str(error)}
    return {"holds": run.holds, "seconds": round(time.monotonic() - began), **run.found}


def end(answer: dict[str, Any]) -> int:
    """Write the answer and return the exit code: 1 where something does not hold."""
    sys.stdout.write(json.dumps(answer, default=str) + "\n")
    return 0 if answer["holds"] else 1
