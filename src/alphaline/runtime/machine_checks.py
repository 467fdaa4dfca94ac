"""Whether this machine can run a line: one check each, with what to do where it cannot."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import psutil

from alphaline.errors import BrokerError
from alphaline.runtime.broker import EXISTING, EXISTING_TIMEOUT_S
from alphaline.runtime.broker_jars import TWO_WAYS_OUT, cache_folder, java_executable, pom_file
from alphaline.runtime.cluster import answers
from alphaline.runtime.places import checkout, home
from alphaline.runtime.ports import is_free, listener
from alphaline.runtime.supervision.port_table import PREFERRED

Verdict = Literal["ok", "warn", "fail"]

PYTHON = (3, 11)
JAVA = 17
GIB = 1024**3
# The line with its model server and broker holds some 2 GB, the training beside it one more.
MEMORY_WANTED, MEMORY_NEEDED = 4 * GIB, 2 * GIB
# A run keeps 100 MB; the environments take 4 GB while they are installed.
DISK_WANTED, DISK_NEEDED = 5 * GIB, GIB
CORES_WANTED = 2


class Check(NamedTuple):
    """What was looked at, what was seen, and what to do unless it is ``ok``."""

    name: str
    verdict: Verdict
    seen: str
    remedy: str = ""


def check_machine() -> list[Check]:
    """Return every check, in the order in which a person would go through them."""
    return [check() for check in CHECKS]


def check_python() -> Check:
    """Check that this is Python 3.11."""
    seen = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] == PYTHON:
        return Check("Python", "ok", seen)
    remedy = "make setup PYTHON=/path/to/python3.11; the locks and compiled code are for 3.11"
    return Check("Python", "fail", seen, remedy)


def check_platform_packages() -> Check:
    """Check that .venv was installed from the lock as it stands."""
    stamp = checkout() / ".venv" / ".packages-installed"
    lock = checkout() / "requirements" / "platform.txt"
    return _installed("packages", stamp, lock, "make setup", "warn")


def check_serving_packages() -> Check:
    """Check that the model server's own environment was installed from its lock as it stands."""
    stamp = checkout() / ".venv-serving" / ".packages-installed"
    lock = checkout() / "requirements" / "model_serving.txt"
    missing: Verdict = "warn" if (stamp.parent / "bin" / "python").exists() else "fail"
    return _installed("model server's packages", stamp, lock, "make setup-serving", missing)


def check_kafka() -> Check:
    """Check that the cluster answers that is named, where one is named."""
    named = os.environ.get(EXISTING)
    if not named:
        return Check("Kafka", "ok", f"a broker of its own ({EXISTING} is not set)")
    if answers(named, EXISTING_TIMEOUT_S):
        return Check("Kafka", "ok", f"{named} answers")
    remedy = f"check the address from this machine, or unset {EXISTING} for a local broker"
    return Check("Kafka", "fail", f"{named} does not answer", remedy)


def check_java() -> Check:
    """Check that there is a Java that can run the broker, where the line needs one."""
    if os.environ.get(EXISTING):
        return Check("Java", "ok", f"not needed, {EXISTING} is set")
    try:
        java = java_executable()
    except BrokerError:
        return Check("Java", "fail", "none on PATH", TWO_WAYS_OUT)
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    number = java_version(done.stderr + done.stdout)
    if number is not None and number >= JAVA:
        return Check("Java", "ok", f"{number} at {java}")
    return Check("Java", "fail", f"{number or 'an unknown version'} at {java}", TWO_WAYS_OUT)


def java_version(text: str) -> int | None:
    """Return the major version in what ``java -version`` prints; None where there is none."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return None
    major, minor = int(found.group(1)), int(found.group(2) or 0)
    return minor if major == 1 else major


def check_jars() -> Check:
    """Check that the broker's jars are here, or that Maven can fetch them."""
    if os.environ.get(EXISTING):
        return Check("broker's jars", "ok", f"not needed, {EXISTING} is set")
    jars = cache_folder(pom_file()) / "jars"
    if jars.is_dir():
        return Check("broker's jars", "ok", str(jars))
    maven = shutil.which("mvn")
    if maven is not None:
        return Check("broker's jars", "ok", f"fetched once by {maven} (44 MB, needs the network)")
    return Check("broker's jars", "fail", "neither jars nor Maven", TWO_WAYS_OUT)


def check_cores() -> Check:
    """Check that there are two cores."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    seen = f"{count} cores"
    if (count or 1) >= CORES_WANTED:
        return Check("processor", "ok", seen)
    return Check("processor", "warn", seen, "it works and takes longer; give it two cores")


def check_memory() -> Check:
    """Check that there is memory for the line and the training beside it."""
    available = psutil.virtual_memory().available
    remedy = "end other programs, or give the machine more memory"
    return Check("memory", *_amount(available, MEMORY_WANTED, MEMORY_NEEDED, remedy))


def check_disk() -> Check:
    """Check that there is room for what is kept."""
    folder = home()
    while not folder.exists():
        folder = folder.parent
    remedy = "make clean, or set ALPHALINE_HOME to a folder on another disk"
    return Check("disk", *_amount(shutil.disk_usage(folder).free, DISK_WANTED, DISK_NEEDED, remedy))


def check_ports() -> Check:
    """Check that the usual ports are free."""
    taken = {purpose: port for purpose, port in PREFERRED.items() if not is_free(port)}
    if not taken:
        return Check("ports", "ok", f"all {len(PREFERRED)} are free")
    holders = [
        f"{port} ({purpose}) by {listener(port) or 'unknown'}" for purpose, port in taken.items()
    ]
    remedy = (
        "nothing: the next free ones are taken and printed; `alphaline status` tells whether it is "
        "a line of yours that holds them"
    )
    return Check("ports", "warn", f"taken: {', '.join(holders)}", remedy)


CHECKS: tuple[Callable[[], Check], ...] = (
    check_python,
    check_platform_packages,
    check_serving_packages,
    check_kafka,
    check_java,
    check_jars,
    check_cores,
    check_memory,
    check_disk,
    check_ports,
)


def _installed(name: str, stamp: Path, lock: Path, remedy: str, missing: Verdict) -> Check:
    if not stamp.exists():
        return Check(name, missing, f"{stamp} is missing: not installed by make", remedy)
    if stamp.stat().st_mtime < lock.stat().st_mtime:
        return Check(name, "warn", f"{lock.name} is newer than what is installed", remedy)
    return Check(name, "ok", f"{stamp.parent.name} as {lock.name} says")


def _amount(seen: float, wanted: float, needed: float, remedy: str) -> tuple[Verdict, str, str]:
    said = f"{seen / GIB:.1f} GiB free, {wanted / GIB:.0f} wanted, {needed / GIB:.0f} needed"
    if seen >= wanted:
        return "ok", said, ""
    return ("warn" if seen >= needed else "fail"), said, remedy
