"""Certificates of one run: an authority, and whoever it signs, under the names that rights are given to."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.ports import LOOPBACK

VALID = timedelta(hours=1)


class Authority:
    """Signs certificates; the files of everybody lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority")
        own = _certificate(self._name, self._name, self._key.public_key())
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = folder / "ca.crt"
        self.file.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Return the files of a new certificate and its key for ``name`` on this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
        made = _certificate(_name(name), self._name, key.public_key())
        made = made.add_extension(here, critical=False)
        certificate, private = (self._folder / f"{name}.{kind}" for kind in ("crt", "key"))
        certificate.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private

    def security(self, name: str) -> KafkaSecurity:
        """Return how a client named ``name`` proves itself."""
        certificate, private = self.issue(name)
        return KafkaSecurity(
            security_protocol="SSL",
            ssl_ca_location=self.file,
            ssl_certificate_location=certificate,
            ssl_key_location=private,
        )


def variables(security: KafkaSecurity) -> dict[str, str]:
    """Return the environment that a process reads ``security`` from."""
    given = security.model_dump(exclude_none=True)
    return {f"KAFKA_{name.upper()}": str(value) for name, value in given.items()}


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    since = datetime.now(UTC) - timedelta(minutes=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + VALID)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
