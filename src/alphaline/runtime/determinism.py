"""What makes two processes compute the same bytes, and the name of what computed them.

``apply`` comes first in every entry of the line, before anything imports numba or numpy: they read
these variables once.
"""

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alphaline.errors import LineError

# The same machine code on every processor of an architecture: no tuning for the host's model or
# its extensions (fused multiply-add changes bits), no vector mathematics library.
NUMBA = {
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CPU_FEATURES": "",
    "NUMBA_DISABLE_INTEL_SVML": "1",
}
# One thread each: the order of a parallel sum is not fixed, and two cores are shared by the line.
THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
ENVIRONMENT: Mapping[str, str] = {**NUMBA, **THREADS, "PYTHONHASHSEED": "0"}

# What computes feature values. Not what runs models: no image of one part holds both, and a model's
# outputs are proven at each load.
PACKAGES = ("numba", "llvmlite", "numpy")
# 8 bytes name an engine among the few that a deployment ever has, and ride on every record.
FINGERPRINT_BYTES = 8


def apply() -> None:
    """Set ``ENVIRONMENT`` in this process and for its children.

    Raises
    ------
    LineError
        If numba was imported before under other settings: too late to be heard.
    """
    differing = {name for name, value in NUMBA.items() if os.environ.get(name) != value}
    if differing and "numba" in sys.modules:
        raise LineError(
            f"numba is imported already, without {', '.join(sorted(differing))}: its results would "
            "differ from those of other machines. Call alphaline.runtime.determinism.apply() before "
            "the first import of numba, or set these variables before the process starts."
        )
    os.environ.update(ENVIRONMENT)


@cache
def fingerprint(operators: str = "") -> str:
    """Return the engine fingerprint: 16 hexadecimal characters.

    Equal fingerprints promise equal bytes; under different ones a replay compares within 1e-9.

    Parameters
    ----------
    operators
        Version or digest of the operators that run on the engine.
    """
    described = "\n".join(f"{name}={value}" for name, value in engine(operators).items())
    return hashlib.blake2b(described.encode(), digest_size=FINGERPRINT_BYTES).hexdigest()


def engine(operators: str = "") -> dict[str, str]:
    """Return what the fingerprint is made of, for people who look for a difference."""
    return {
        "operators": operators,
        "python": _interpreter(),
        **{name: _installed(name) for name in PACKAGES},
        **{name: os.environ.get(name, "unset") for name in NUMBA},
        "libc": " ".join(platform.libc_ver()),
        "machine": platform.machine(),
        "cpu_features": cpu_features(),
    }


def cpu_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return a digest of the processor's instruction sets (libm chooses its code by them).

    Falls back to the processor's name where the system lists no features.
    """
    try:
        listed = cpuinfo.read_text(errors="replace")
    except OSError:
        listed = ""
    lines = (line for line in listed.splitlines() if line.startswith(("flags", "Features")))
    features = next(lines, platform.processor()).partition(":")[2] or platform.processor()
    ordered = " ".join(sorted(features.split()))
    return hashlib.blake2b(ordered.encode(), digest_size=FINGERPRINT_BYTES).hexdigest()


def _interpreter() -> str:
    # Without the patch release, which changes no arithmetic: numba, numpy and libm compute, and
    # the same line runs on a laptop's 3.11.7 and an image's 3.11.2 with equal bytes.
    return f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
