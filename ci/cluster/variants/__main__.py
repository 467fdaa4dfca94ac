"""``make test-cluster-variants``: tells what goes on, and ends with one JSON object."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from alphaline.errors import AlphalineError
from alphaline.runtime import determinism

determinism.apply()

from ci.cluster import images  # noqa: E402
from ci.cluster.run import Run  # noqa: E402
from ci.cluster.settings import Settings  # noqa: E402
from ci.cluster.variants import backup, operator, overlay, stores  # noqa: E402

VARIANTS: Mapping[str, Callable[[Run], None]] = {
    "operator": operator.show,
    "overlay": overlay.show,
    "stores": stores.show,
    "backup": backup.show,
}


def main() -> int:
    """Show the variants that are named, all without a name; exit code 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="ci.cluster.variants")
    parser.add_argument("names", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    named = parser.parse_args().names or list(VARIANTS)
    if unknown := [name for name in named if name not in VARIANTS]:
        parser.error(f"expected some of {', '.join(VARIANTS)}; saw {', '.join(unknown)}")
    settings, began = Settings(), time.monotonic()

    def report(sentence: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {sentence}\n")
        sys.stderr.flush()

    report("images")
    images.bring(settings)
    found = {name: _shown(name, settings, report) for name in named}
    holds = all(one["holds"] for one in found.values())
    answer = {"holds": holds, "seconds": round(time.monotonic() - began), **found}
    sys.stdout.write(json.dumps(answer, default=str) + "\n")
    return 0 if holds else 1


def _shown(name: str, settings: Settings, report: Callable[[str], None]) -> dict[str, Any]:
    own = settings.model_copy(update={"namespace": f"{settings.namespace}-{name}"})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"alphaline-{name}-") as folder:
        run = Run(own, Path(folder), report)
        try:
            VARIANTS[name](run)
        except AlphalineError as error:
            report(f"{type(error).__name__}: {error}")
            run.found["fault"] = {"holds": False, "message": str(error)}
    return {"holds": run.holds, "seconds": round(time.monotonic() - began), **run.found}


if __name__ == "__main__":
    sys.exit(main())
