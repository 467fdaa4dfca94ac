"""A real broker that takes nobody in plain text, and lets each principal do what it was given."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from alphaline.runtime.broker import java_for_broker
from alphaline.runtime.broker_config import (
    JavaStart,
    Listeners,
    as_text,
    format_command,
    log_properties,
    server_command,
    server_properties,
)
from alphaline.runtime.cluster import answers
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.ports import free_ports
from alphaline.runtime.tether import tethered
from alphaline.runtime.topic_rights import Rights
from tests.certificates import Authority, Identity
from tests.waiting import eventually

ADMIN = "admin"
AUTHORIZATIONS = {
    "logger.rights.name": "kafka.authorizer.logger",
    "logger.rights.level": "debug",
}
# In the words of the authorizer's log: who, with what outcome, wanted what of which resource.
TOLD = re.compile(
    r"Principal = User:(?:CN=)?(\S+) is (Allowed|Denied) operation = (\w+) .*?"
    r"on resource = (?:Topic|Group|Cluster):LITERAL:(\S+)"
)


class Asked(NamedTuple):
    """What a principal wanted to do with a topic or group; the operation in small letters."""

    user: str
    operation: str
    name: str


class SecuredBroker(NamedTuple):
    """Where it listens, who signs for it, how to be its administrator, and its log."""

    tls: str
    sasl: str
    authority: Authority
    admin: KafkaSecurity
    log: Path

    def client(self, name: str) -> KafkaSecurity:
        """Return the settings of a client with a new certificate for ``name``."""
        return by_certificate(self.authority, self.authority.sign(name))

    def allow(self, rights: Rights, prefix: str = "", user: str | None = None) -> None:
        """Give the certificate that is named for a service, or ``user``, its rights."""
        principal = f"User:{user or f'CN={rights.service}'}"
        wanted = [
            AclBinding(
                ResourceType[one.kind.upper()],
                prefix + one.name,
                ResourcePatternType.LITERAL,
                principal,
                "*",
                AclOperation[one.operation.upper()],
                AclPermissionType.ALLOW,
            )
            for one in rights.operations()
        ]
        # It has to outlive its answers.
        administrator = self._administrator()
        for done in administrator.create_acls(wanted).values():
            done.result(10)

    def forbid(self, service: str) -> None:
        """Take every right from the certificate that is named for a service."""
        administrator = self._administrator()
        its_own = AclBindingFilter(
            ResourceType.ANY,
            None,
            ResourcePatternType.ANY,
            f"User:CN={service}",
            None,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        for done in administrator.delete_acls([its_own]).values():
            assert done.result(10)

    def asked(self) -> tuple[set[Asked], set[Asked]]:
        """Return what was allowed and what was denied so far, the administrator's own left out."""
        found: dict[str, set[Asked]] = {"Allowed": set(), "Denied": set()}
        for user, outcome, operation, name in TOLD.findall(self.log.read_text(errors="replace")):
            if user != ADMIN:
                found[outcome].add(Asked(user, operation.lower(), name))
        return found["Allowed"], found["Denied"]

    def enrol(self, user: str, password: str) -> None:
        """Let ``user`` in by SCRAM."""
        secret = UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode()
        )
        administrator = self._administrator()
        for done in administrator.alter_user_scram_credentials([secret]).values():
            done.result(10)

    def _administrator(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.tls, **self.admin.confluent()})


def by_certificate(authority: Authority, own: Identity) -> KafkaSecurity:
    """Return the settings of a client that trusts ``authority`` and shows ``own``."""
    return KafkaSecurity(
        security_protocol="SSL",
        ssl_ca_location=authority.file,
        ssl_certificate_location=own.certificate,
        ssl_key_location=own.key,
    )


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Yield a broker with a listener for certificates and one for users; it is stopped afterwards."""
    authority = Authority(folder / "authority")
    tls, sasl, controller = free_ports(3)
    files = _files(folder, authority, (tls, sasl, controller))
    broker = SecuredBroker(
        f"127.0.0.1:{tls}",
        f"127.0.0.1:{sasl}",
        authority,
        by_certificate(authority, authority.sign(ADMIN)),
        folder / "broker.log",
    )
    start = java_for_broker()
    subprocess.run(format_command(start, *files), check=True, capture_output=True)
    process = _started(folder, start, files)
    try:
        assert eventually(
            lambda: process.poll() is not None or answers(broker.tls, 1.0, broker.admin), 120
        )
        assert process.poll() is None, broker.log.read_text()
        yield broker
    finally:
        process.terminate()
        process.wait(20)


def _started(folder: Path, start: JavaStart, files: tuple[Path, Path]) -> "subprocess.Popen[bytes]":
    with (folder / "broker.log").open("wb") as log:
        return subprocess.Popen(
            tethered(server_command(start, *files)), stdout=log, stderr=subprocess.STDOUT
        )


def _files(folder: Path, authority: Authority, ports: tuple[int, int, int]) -> tuple[Path, Path]:
    tls, sasl, controller = ports
    own = authority.sign("broker")
    store = folder / "broker.pem"
    store.write_bytes(own.key.read_bytes() + own.certificate.read_bytes())
    listeners = f"SSL://127.0.0.1:{tls},SASL_SSL://127.0.0.1:{sasl}"
    properties = {
        **server_properties(folder / "data", Listeners(tls, controller)),
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        "ssl.client.auth": "required",
        "listener.name.sasl_ssl.ssl.client.auth": "none",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Nobody is anonymous but this process to its own controller, on loopback.
        "super.users": f"User:CN={ADMIN};User:CN=broker;User:ANONYMOUS",
    }
    files = folder / "server.properties", folder / "log4j2.properties"
    files[0].write_text(as_text(properties))
    files[1].write_text(as_text({**log_properties(), **AUTHORIZATIONS}))
    return files
