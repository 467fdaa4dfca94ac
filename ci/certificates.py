"""An authority of a run's own, and the Secrets that name who asks and who answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM


class Pem(NamedTuple):
    """What the items ``tls.crt``, ``tls.key`` and ``ca.crt`` of a Secret hold."""

    certificate: bytes
    key: bytes
    authority: bytes

    def secret(self, name: str) -> dict[str, object]:
        """Return it as the Secret that the chart's ``tls.existing`` takes."""
        items = {"tls.crt": self.certificate, "tls.key": self.key, "ca.crt": self.authority}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            "stringData": {item: held.decode() for item, held in items.items()},
        }

    def files(self, folder: Path) -> dict[str, str]:
        """Write it and return the variables by which a command on this machine shows it."""
        folder.mkdir(parents=True)
        for name, held in zip(("CERTIFICATE", "KEY", "CA"), self, strict=True):
            (folder / name).write_bytes(held)
        return {
            f"ALPHALINE_TLS_{name}": str(folder / name) for name in ("CERTIFICATE", "KEY", "CA")
        }


class Authority:
    """Lives for a day; ``certificate`` is its own, as PEM."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority of a check")
        draft = _draft(self._name, self._name, self._key, DAY)
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        signed = draft.add_extension(constraint, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = signed.public_bytes(PEM)

    def sign(self, hosts: Sequence[str], subject: str | None = None, lives: timedelta = DAY) -> Pem:
        """Return a new certificate for host names, the first of which is its subject if none is given.

        localhost is signed for with its address. One that ``lives`` below zero has ended already.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        loopback = [x509.IPAddress(ip_address("127.0.0.1"))] if "localhost" in hosts else []
        places = x509.SubjectAlternativeName([*map(x509.DNSName, hosts), *loopback])
        draft = _draft(_named(subject or hosts[0]), self._name, key, lives)
        signed = draft.add_extension(places, critical=False).sign(self._key, hashes.SHA256())
        # What Java reads too.
        form = serialization.PrivateFormat.PKCS8
        private = key.private_bytes(PEM, form, serialization.NoEncryption())
        return Pem(signed.public_bytes(PEM), private, self.certificate)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lives: timedelta
) -> x509.CertificateBuilder:
    until = datetime.now(UTC) + lives
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 2 * DAY)
        .not_valid_after(until)
    )
