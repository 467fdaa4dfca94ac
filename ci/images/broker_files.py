"""What the broker's image is made of: Kafka's jars, and a Java runtime with the modules they need."""

import shutil
from pathlib import Path

from alphaline.errors import LineError
from alphaline.runtime.broker_jars import cache_folder, java_start
from ci.images import engines
from ci.images.places import BROKER_FILES, POM

# jdeps over the jars, without what only compilers use. java.desktop: Log4j tells its parts of a configuration
# by java.beans. jdk.crypto.ec: TLS; jdk.management: the broker's own measures.
MODULES = (
    "java.base",
    "java.desktop",
    "java.logging",
    "java.management",
    "java.naming",
    "java.rmi",
    "java.security.jgss",
    "java.security.sasl",
    "java.sql",
    "jdk.crypto.ec",
    "jdk.management",
    "jdk.security.auth",
    "jdk.unsupported",
    "jdk.zipfs",
)


def collect() -> Path:
    """Return the folder with ``jre`` and ``libs``, made where it is not there.

    Raises
    ------
    LineError
        If there is no jlink; BrokerError, one of its kind, if there are no jars.
    """
    jars = cache_folder(POM)
    java_start(jars, POM, lambda _: None)
    BROKER_FILES.mkdir(parents=True, exist_ok=True)
    shutil.copytree(jars / "jars", BROKER_FILES / "libs", dirs_exist_ok=True)
    _link(BROKER_FILES / "jre", BROKER_FILES / ".modules")
    return BROKER_FILES


def _link(runtime: Path, stamp: Path) -> None:
    command = jlink_command(runtime)
    if runtime.exists() and stamp.exists() and stamp.read_text() == " ".join(command):
        return
    shutil.rmtree(runtime, ignore_errors=True)
    engines.run(command)
    stamp.write_text(" ".join(command))


def jlink_command(target: Path) -> list[str]:
    """Return the command that links the Java runtime into ``target``.

    Raises
    ------
    LineError
        If there is no jlink.
    """
    jlink = shutil.which("jlink")
    if jlink is None:
        raise LineError(
            "Expected jlink of a JDK 17 on PATH: the broker's image brings its own Java."
        )
    options = ["--strip-debug", "--no-header-files", "--no-man-pages", "--compress=0"]
    return [jlink, *options, f"--add-modules={','.join(MODULES)}", f"--output={target}"]
