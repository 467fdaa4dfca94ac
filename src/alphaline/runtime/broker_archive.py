"""The class-data archive: the JVM's loaded classes, kept, so that later starts skip parsing them."""

import tempfile
from pathlib import Path

from alphaline.messages import digest
from alphaline.runtime.broker_config import JavaStart, Listeners
from alphaline.runtime.broker_jars import Report, exclusive
from alphaline.runtime.broker_process import BrokerProcess
from alphaline.runtime.ports import free_ports


def archived(start: JavaStart, cache: Path, report: Report) -> JavaStart:
    """Return ``start`` with a class-data archive, which is made first where there is none.

    The archive is a matter of speed only: without one that fits, the JVM starts as if none were
    named. Making it runs a broker once over an empty folder.

    Raises
    ------
    BrokerError
        If that broker does not start.
    """
    archive = cache / f"classes-{_identity(start)}.jsa"
    with exclusive(cache):
        if not archive.exists():
            report("Preparing fast starts of the broker (once)")
            _make(start, archive, report)
    return start._replace(archive=archive)


def _identity(start: JavaStart) -> str:
    # An archive fits one JVM and one class path, to the letter.
    java = Path(start.java).resolve()
    release = java.parent.parent / "release"
    version = release.read_bytes() if release.is_file() else str(java).encode()
    return digest(version + b"\0" + start.class_path.encode())[:12]


def _make(start: JavaStart, archive: Path, report: Report) -> None:
    partial = archive.with_suffix(".partial")
    with tempfile.TemporaryDirectory(prefix="alphaline-broker-") as folder:
        listeners = Listeners(*free_ports(2))
        broker = BrokerProcess(start, Path(folder), listeners, write_archive=partial)
        try:
            broker.wait_until_ready(report)
        finally:
            broker.stop()
    if partial.exists():
        partial.rename(archive)
