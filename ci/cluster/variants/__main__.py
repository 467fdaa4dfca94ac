"""``make test-cluster-variants``: tells what goes on, and ends with one JSON object."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from alphaline.runtime import determinism

determinism.apply()

from ci.cluster import images  # noqa: E402
from ci.cluster.run import Run  # noqa: E402
from ci.cluster.settings import Settings  # noqa: E402
from ci.cluster.telling import end, progress, shown  # noqa: E402
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
    settings, report, began = Settings(), progress(), time.monotonic()
    report("images")
    images.bring(settings)
    found = {
        name: shown(Run, own_namespace(settings, name), report, VARIANTS[name]) for name in named
    }
    holds = all(one["holds"] for one in found.values())
    return end({"holds": holds, "seconds": round(time.monotonic() - began), **found})


def own_namespace(settings: Settings, name: str) -> Settings:
    """Return the settings of a variant."""
    return settings.model_copy(update={"namespace": f"{settings.namespace}-{name}"})


if __name__ == "__main__":
    sys.exit(main())
