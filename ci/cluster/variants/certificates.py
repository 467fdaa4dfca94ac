"""An authority of a run's own, and the Secrets that name who asks and who answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
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
    """Signs for a day."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("authority of the cluster check")
        draft = _draft(self._name, self._name, self._key)
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        signed = draft.add_extension(constraint, critical=True).sign(self._key, hashes.SHA256())
        self._own = signed.public_bytes(PEM)

    def sign(self, names: Sequence[str]) -> Pem:
        """Return a new certificate for host names, the first of which is its subject."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        draft = _draft(_named(names[0]), self._name, key).add_extension(hosts, critical=False)
        private = key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signed = draft.sign(self._key, hashes.SHA256())
        return Pem(signed.public_bytes(PEM), private, self._own)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )
