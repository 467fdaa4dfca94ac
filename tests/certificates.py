"""An authority of a test's own, and the certificates that it signs."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Identity(NamedTuple):
    """PEM files of a certificate and its private key."""

    certificate: Path
    key: Path


class Authority:
    """Signs for names on loopback; its own certificate is ``folder`` / ca.pem."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.file = folder / "ca.pem"
        authority = x509.BasicConstraints(ca=True, path_length=None)
        own = _draft(self._name, self._name, self._key, datetime.now(UTC) + DAY)
        signed = own.add_extension(authority, critical=True).sign(self._key, hashes.SHA256())
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str, lives: timedelta = DAY, host: str = "localhost") -> Identity:
        """Return the files of a new certificate for ``name``; below zero it has ended already.

        Of ``host`` and, where that is localhost, of its address.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        until = datetime.now(UTC) + lives
        loopback = [x509.IPAddress(ip_address("127.0.0.1"))] if host == "localhost" else []
        places = x509.SubjectAlternativeName([x509.DNSName(host), *loopback])
        signed = (
            _draft(_named(name), self._name, key, until)
            .add_extension(places, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        made = Identity(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        made.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                # What Java reads too.
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 2 * DAY)
        .not_valid_after(until)
    )
