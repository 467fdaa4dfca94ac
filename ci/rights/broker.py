"""A real broker that lets nobody in without a certificate, and nobody do what he has no right to."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alphaline.errors import BrokerError
from alphaline.runtime.broker import java_for_broker
from alphaline.runtime.broker_config import (
    Listeners,
    as_text,
    log_properties,
    server_command,
    server_properties,
)
from alphaline.runtime.broker_process import (
    READY_TIMEOUT_S,
    STOP_TIMEOUT_S,
    prepare,
)
from alphaline.runtime.cluster import answers
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.ports import free_ports
from alphaline.runtime.tether import tethered
from ci.rights.certificates import Authority
from ci.rights.users import ADMINISTRATOR

BROKER = "broker"


@contextmanager
def secured_broker(
    folder: Path, authority: Authority, administrator: KafkaSecurity
) -> Iterator[tuple[str, Path]]:
    """Yield bootstrap servers and log of a broker that ends with the block.

    Its log tells, of each request, who was allowed or denied what.
    """
    listeners = Listeners(*free_ports(2))
    start = java_for_broker()
    files = prepare(folder, start, listeners)
    files.properties.write_text(
        as_text(secured(server_properties(folder, listeners), listeners, authority, folder))
    )
    files.log_configuration.write_text(as_text({**log_properties(), **_AUTHORISATIONS}))
    log = folder / "broker.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            tethered(server_command(start, *files)),
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
    try:
        _wait(process, listeners.bootstrap, administrator, log)
        yield listeners.bootstrap, log
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


def secured(
    plain: Mapping[str, str], listeners: Listeners, authority: Authority, folder: Path
) -> dict[str, str]:
    """Return a broker's properties with mutual TLS and rights in the place of plain text."""
    certificate, key = authority.issue(BROKER)
    store = folder / "broker.pem"
    store.write_bytes(key.read_bytes() + certificate.read_bytes())
    return {
        **plain,
        "listeners": plain["listeners"].replace("PLAINTEXT://", "SSL://"),
        "advertised.listeners": f"SSL://{listeners.bootstrap}",
        "listener.security.protocol.map": "SSL:SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SSL",
        "ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Nobody reaches the controller's listener but the broker itself, which it does not name.
        "super.users": f"User:CN={BROKER};User:CN={ADMINISTRATOR};User:ANONYMOUS",
    }


_AUTHORISATIONS = {
    "logger.rights.name": "kafka.authorizer.logger",
    "logger.rights.level": "debug",
}


def _wait(
    process: subprocess.Popen[bytes], bootstrap: str, security: KafkaSecurity, log: Path
) -> None:
    until = time.monotonic() + READY_TIMEOUT_S
    while not answers(bootstrap, 1.0, security):
        if process.poll() is not None or time.monotonic() > until:
            raise BrokerError(f"the secured broker did not come up:\n{log.read_text()[-4_000:]}")
        time.sleep(0.1)
