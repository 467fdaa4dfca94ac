"""Compiles what a service compiles when it starts, so that its image ships the machine code.

Run in an image's build, as ``python -m ci.images.compiled services.feature_streaming``; a start runs
the very same calls. A function with a declared signature is compiled by its import.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from alphaline.runtime.reference import ReferenceData

REFERENCE = Path("data/sample")
# Every feature set runs through the one compiled step.
FEATURE_SET = "intraday_v1"

# What a start calls for the compiled code that no import loads, by service.
CALLS: dict[str, Callable[[Any], object]] = {
    "services.feature_streaming": lambda service: service.loaded_engine(
        FEATURE_SET, ReferenceData(REFERENCE)
    ),
}


def compile_start(module: str) -> None:
    """Import the entry of a service and call what its start calls; numba keeps what it compiles."""
    service = import_module(f"{module}.__main__")
    CALLS.get(module, lambda _: None)(service)


if __name__ == "__main__":
    compile_start(sys.argv[1])
