"""An authority of a test's own, and the files of the certificates that it signs."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from ci import certificates
from ci.certificates import DAY


class Identity(NamedTuple):
    """PEM files of a certificate and its private key."""

    certificate: Path
    key: Path


class Authority:
    """Signs for names on loopback; its own certificate is ``folder`` / ca.pem."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = certificates.Authority()
        self.file = folder / "ca.pem"
        self.file.write_bytes(self._authority.certificate)

    def sign(self, name: str, lives: timedelta = DAY, host: str = "localhost") -> Identity:
        """Return the files of a new certificate of ``host`` for ``name``; as ``ci.certificates`` signs."""
        signed = self._authority.sign([host], name, lives)
        made = Identity(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        made.certificate.write_bytes(signed.certificate)
        made.key.write_bytes(signed.key)
        return made
