"""The Kafka broker of a line on one machine: an existing one, or a child process of this one.

``python -m alphaline.runtime.broker --data DIR --port N`` prepares the folder, then becomes the
broker: for a supervisor. SIGTERM stops it, exit code 143 is the clean one.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alphaline.errors import AlphalineError, BrokerError
from alphaline.runtime.broker_archive import archived
from alphaline.runtime.broker_config import (
    CLEAN_EXIT_CODES,
    JavaStart,
    Listeners,
    server_command,
)
from alphaline.runtime.broker_jars import Report, cache_folder, java_start, pom_file
from alphaline.runtime.broker_process import BrokerProcess, demand_free, prepare
from alphaline.runtime.cluster import answers
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.ports import free_ports
from alphaline.runtime.tether import become, end_with_parent

EXISTING = "KAFKA_BOOTSTRAP_SERVERS"
# Seconds that an existing cluster has to answer: across a network and a cold name server.
EXISTING_TIMEOUT_S = 10.0


def silent(_line: str) -> None:
    """Report nothing."""


def existing_broker() -> str | None:
    """Return the cluster that ``KAFKA_BOOTSTRAP_SERVERS`` names, None where it names none.

    Raises
    ------
    BrokerError
        If it does not answer, or none is named and this process asks for a secured one.
    """
    named, security = os.environ.get(EXISTING), KafkaSecurity.of_environment()
    if not named:
        _demand_plain(security)
        return None
    if not answers(named, EXISTING_TIMEOUT_S, security):
        raise BrokerError(
            f"{EXISTING}={named} did not answer within {EXISTING_TIMEOUT_S:.0f} s. Check that address "
            f"from this machine, or unset {EXISTING} to start a local broker (needs Java and Maven)."
        )
    return named


def _demand_plain(security: KafkaSecurity) -> None:
    if security.security_protocol != "PLAINTEXT":
        raise BrokerError(
            f"KAFKA_SECURITY_PROTOCOL={security.security_protocol} is for a Kafka that {EXISTING} "
            "names: a broker of this line's own listens in plain text, on loopback only. Name a "
            "cluster, or unset the variable."
        )


def java_for_broker(report: Report = silent) -> JavaStart:
    """Return how the broker starts: jars fetched and class-data archive made where they are not.

    Raises
    ------
    BrokerError
        If Java, Maven or the jars cannot be had; the message names what to do.
    """
    pom = pom_file()
    cache = cache_folder(pom)
    return archived(java_start(cache, pom, report), cache, report)


@contextmanager
def broker(data: Path, port: int | None = None, report: Report = silent) -> Iterator[str]:
    """Yield the bootstrap servers of a broker that is ready.

    An existing one if ``KAFKA_BOOTSTRAP_SERVERS`` names it, else a child process over ``data``
    that is stopped at the end of the block and by this process's death. Enter it from the main
    thread (see ``alphaline.runtime.tether``).

    Parameters
    ----------
    data
        Folder of the broker's log and configuration; made where missing, kept afterwards.
    port
        Port for clients on loopback; None takes a free one.
    report
        Receives one line per step, and per second of waiting.

    Raises
    ------
    BrokerError
        If no broker can be reached or started, or ``port`` is taken, or the stop was not clean.
    """
    named = existing_broker()
    if named is not None:
        yield named
        return
    if port is not None:
        demand_free(port)
    start = java_for_broker(report)
    report("Starting the broker")
    process = BrokerProcess(start, data.resolve(), _listeners(port))
    try:
        process.wait_until_ready(report)
        yield process.bootstrap
    finally:
        code = process.stop()
    if code not in CLEAN_EXIT_CODES:
        raise BrokerError(f"The broker ended with exit code {code}; its log is {process.log}.")


def _listeners(port: int | None) -> Listeners:
    clients, controller = free_ports(2)
    return Listeners(clients if port is None else port, controller)


def run_in_foreground(data: Path, port: int, report: Report) -> None:
    """Become the broker over ``data``; does not return.

    Raises
    ------
    BrokerError
        If it cannot be started.
    """
    parent = os.getppid()
    demand_free(port)
    start = java_for_broker(report)
    files = prepare(data.resolve(), start, _listeners(port))
    end_with_parent(parent)
    become(server_command(start, *files))


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> None:
    """Parse the command line and become the broker; exit code 1 with the reason if that fails."""
    parser = argparse.ArgumentParser(prog="python -m alphaline.runtime.broker", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the broker's log")
    parser.add_argument("--port", type=int, required=True, help="port for clients on loopback")
    arguments = parser.parse_args()
    try:
        run_in_foreground(arguments.data, arguments.port, _tell)
    except AlphalineError as error:
        _tell(f"{type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
