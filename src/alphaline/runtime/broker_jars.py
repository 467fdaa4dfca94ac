"""The broker's Java and jars: resolved by Maven once, then kept."""

import fcntl
import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alphaline.errors import BrokerError
from alphaline.messages import digest
from alphaline.runtime.broker_config import JavaStart, class_path, fetch_jars_command
from alphaline.runtime.places import checkout, home
from alphaline.runtime.tether import tethered

Report = Callable[[str], None]

TWO_WAYS_OUT = (
    "Either install a JDK 17 or newer and Maven (java and mvn on PATH), or set "
    "KAFKA_BOOTSTRAP_SERVERS=host:port to use an existing Kafka, for which no Java is needed."
)
# Lines of a failed Maven run that its error carries: the cause stands in the last few.
TAIL_LINES = 12


def java_executable() -> str:
    """Return the path of java: ``JAVA_HOME``'s, else the first on ``PATH``.

    Raises
    ------
    BrokerError
        If there is none.
    """
    named = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{named}/bin") if named else None
    found = found or shutil.which("java")
    if found is None:
        raise BrokerError(f"The local broker needs java, none was found. {TWO_WAYS_OUT}")
    return found


def pom_file() -> Path:
    """Return the file that names the broker's jars.

    Raises
    ------
    BrokerError
        If this is not a checkout.
    """
    pom = checkout() / "deploy" / "local" / "broker" / "pom.xml"
    if not pom.is_file():
        raise BrokerError(
            f"Expected {pom}, saw no such file: the local broker starts from a checkout only. "
            "Set KAFKA_BOOTSTRAP_SERVERS=host:port to use an existing Kafka."
        )
    return pom


def cache_folder(pom: Path) -> Path:
    """Return the folder that keeps what ``pom`` resolves to; another pom has another folder."""
    return home() / "cache" / "broker" / digest(pom.read_bytes())[:12]


def java_start(cache: Path, pom: Path, report: Report) -> JavaStart:
    """Return how the broker's Java commands start, without a class-data archive.

    Resolves the jars when ``cache`` does not hold them; that needs the network or Maven's own cache.

    Raises
    ------
    BrokerError
        If there is no java, or the jars are not there and Maven cannot get them.
    """
    java = java_executable()
    jars = cache / "jars"
    with exclusive(cache):
        if not jars.is_dir():
            _resolve(pom, jars, report)
    return JavaStart(java, class_path(jars, [jar.name for jar in jars.glob("*.jar")]))


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold ``folder`` against other processes of this machine that fill it at the same time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _resolve(pom: Path, jars: Path, report: Report) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerError(
            f"The local broker needs mvn once, to fetch its jars; none was found. {TWO_WAYS_OUT}"
        )
    report("Fetching the broker's jars with Maven (44 MB, once)")
    partial = jars.with_name("jars.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _run_maven(fetch_jars_command(maven, pom, partial), report)
    partial.rename(jars)


def _run_maven(command: list[str], report: Report) -> None:
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with subprocess.Popen(
        tethered(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as maven:
        for line in maven.stdout or ():
            tail.append(line.rstrip())
            if "Copying" in line:
                report(line.removeprefix("[INFO] ").split(" to ")[0].strip())
    if maven.returncode != 0:
        raise BrokerError(
            "Maven could not fetch the broker's jars. Connect to the network (or configure a mirror "
            "in Maven's settings) and try again, or set KAFKA_BOOTSTRAP_SERVERS=host:port to use an "
            "existing Kafka. Maven's last lines:\n" + "\n".join(tail)
        )
