"""What the laptop's broker is started with: its properties, log configuration and command lines.

Pure: strings from arguments. The figures suit one broker on a machine that runs the whole line.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from alphaline.runtime.ports import LOOPBACK

# One broker, one cluster, on loopback: a fixed id lets a data folder be formatted without state.
CLUSTER_ID = "YWxwaGFsaW5lLWxvY2FsLQ"
NODE_ID = 1

SERVER_CLASS = "kafka.Kafka"
FORMAT_CLASS = "kafka.tools.StorageTool"

# A JVM that ends on SIGTERM reports 128 + 15; a wrapper that died of the signal reports -15.
CLEAN_EXIT_CODES = frozenset({0, 143, -15})


class Listeners(NamedTuple):
    """Ports on loopback: for clients, and for the controller that lives in the same process."""

    clients: int
    controller: int

    @property
    def bootstrap(self) -> str:
        """Return what clients connect to."""
        return f"{LOOPBACK}:{self.clients}"


def server_properties(data: Path, listeners: Listeners) -> dict[str, str]:
    """Return the broker's settings for a data folder and its ports."""
    clients, controller = (f"{LOOPBACK}:{port}" for port in listeners)
    return {
        "process.roles": "broker,controller",
        "node.id": str(NODE_ID),
        "controller.quorum.voters": f"{NODE_ID}@{controller}",
        "listeners": f"PLAINTEXT://{clients},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{clients}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data / "log"),
        # A topic that nobody declared is a mistake, not a request.
        "auto.create.topics.enable": "false",
        **_single_node(),
        **_quick_restart(),
    }


def _single_node() -> dict[str, str]:
    one = [
        "default.replication.factor",
        "min.insync.replicas",
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        "share.coordinator.state.topic.replication.factor",
        "share.coordinator.state.topic.min.isr",
        "share.coordinator.state.topic.num.partitions",
    ]
    return {
        **dict.fromkeys(one, "1"),
        # A partition costs two memory-mapped index files: the defaults of 50 would outnumber ours.
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.num.partitions": "4",
        # The default takes 128 MB of the heap; compacted topics here hold few keys.
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "group.initial.rebalance.delay.ms": "0",
    }


def _quick_restart() -> dict[str, str]:
    # After a kill the broker waits until its own former session has lapsed: 9 s by default. Below 6 s
    # a starved machine loses the session of a broker that is alive.
    return {
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "500",
        "controller.quorum.election.timeout.ms": "300",
    }


def as_text(properties: Mapping[str, str]) -> str:
    """Return ``properties`` in Java's format; backslashes and line ends in values are escaped."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in properties.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def log_properties() -> dict[str, str]:
    """Return log4j's configuration: warnings, and that the server has started or stopped."""
    return {
        "status": "error",
        "appender.console.type": "Console",
        "appender.console.name": "console",
        "appender.console.layout.type": "PatternLayout",
        "appender.console.layout.pattern": "%d{ISO8601} %p %c{1}: %m%n%throwable",
        "rootLogger.level": "warn",
        "rootLogger.appenderRef.console.ref": "console",
        "logger.start.name": "kafka.server.KafkaRaftServer",
        "logger.start.level": "info",
    }


class JavaStart(NamedTuple):
    """What every Java command of the broker shares.

    Parameters
    ----------
    java
        The executable.
    class_path
        Jars in a fixed order: a class-data archive holds only for the very same string.
    archive
        Class-data archive, None to do without.
    """

    java: str
    class_path: str
    archive: Path | None = None


def server_command(
    start: JavaStart, properties: Path, log_configuration: Path, write_archive: Path | None = None
) -> list[str]:
    """Return the command that runs the broker; ``write_archive`` makes it keep its loaded classes."""
    return [
        *_java(start),
        # 384 MB holds the largest state record (16 MiB) many times over; below 128 it collects
        # garbage all the time.
        "-Xms128m",
        "-Xmx384m",
        *([f"-XX:ArchiveClassesAtExit={write_archive}"] if write_archive else []),
        f"-Dlog4j2.configurationFile={log_configuration}",
        SERVER_CLASS,
        str(properties),
    ]


def format_command(start: JavaStart, properties: Path, log_configuration: Path) -> list[str]:
    """Return the command that prepares an empty data folder."""
    return [
        *_java(start),
        f"-Dlog4j2.configurationFile={log_configuration}",
        FORMAT_CLASS,
        "format",
        f"--cluster-id={CLUSTER_ID}",
        f"--config={properties}",
    ]


def _java(start: JavaStart) -> list[str]:
    archive = [f"-XX:SharedArchiveFile={start.archive}"] if start.archive else []
    return [
        start.java,
        *archive,
        "-Xshare:auto",
        # Two cores are shared with the line: no second compiler tier and no collector threads
        # beside it, and less memory.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Djava.awt.headless=true",
        "-cp",
        start.class_path,
    ]


def fetch_jars_command(maven: str, pom: Path, target: Path) -> list[str]:
    """Return the command that copies the broker's jars into ``target``."""
    return [
        maven,
        "--batch-mode",
        "--file",
        str(pom),
        "dependency:copy-dependencies",
        f"-DoutputDirectory={target}",
        "-DincludeScope=runtime",
    ]


def class_path(folder: Path, jars: list[str]) -> str:
    """Return the class path of ``jars`` in ``folder``, in the order of their names."""
    return ":".join(str(folder / jar) for jar in sorted(jars))
