"""Mutual TLS between the services of a line: the ``ALPHALINE_TLS_*`` variables.

Whoever shows a certificate of the authority is a service of the line: let it sign for nobody else.
Certificates that are renewed on disk are taken up without a restart, by servers at the next
connection and by clients at the next call.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, Self, TypeVar

import grpc
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alphaline.errors import LineError

Stub = TypeVar("Stub")
Options = Sequence[tuple[str, int] | tuple[str, str]]
# Place and time of a file: another one where it was replaced.
Stamp = tuple[tuple[int, int, int], ...]


class Pem(NamedTuple):
    """What the three files hold."""

    authority: bytes
    certificate: bytes
    key: bytes


class ServiceTls(BaseSettings):
    """Files of this service's identity: all three or none."""

    model_config = SettingsConfigDict(
        env_prefix="ALPHALINE_TLS_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    ca: Path | None = Field(None, description="PEM file of the authority that signs for services")
    certificate: Path | None = Field(None, description="PEM file of this service's certificate")
    key: Path | None = Field(None, description="PEM file of its private key")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for broken in self._contradictions():
            raise ValueError(broken)
        return self

    @classmethod
    def of_environment(cls) -> Self:
        """Return the settings of this process.

        Raises
        ------
        LineError
            If one or two of the three are set, or a file is not there.
        """
        try:
            return cls()
        except ValidationError as error:
            found = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
            raise LineError(f"TLS between services: {found}") from error

    @property
    def is_on(self) -> bool:
        """Whether connections are encrypted and both sides proven."""
        return self.ca is not None

    def read(self) -> Pem:
        """Return what the files hold, all three of one renewal; OSError where one is not there."""
        seen: Pem | None = None
        # A renewal replaces all three at once: what reads the same twice is of one and the same.
        while seen != (found := Pem(*(file.read_bytes() for file in self._files))):
            seen = found
        return found

    def stamp(self) -> Stamp:
        """Return what differs once a file has been replaced; OSError where one is not there."""
        states = [file.stat() for file in self._files]
        return tuple((one.st_dev, one.st_ino, one.st_mtime_ns) for one in states)

    @property
    def _files(self) -> tuple[Path, ...]:
        return tuple(file for file in (self.ca, self.certificate, self.key) if file is not None)

    def _contradictions(self) -> Iterator[str]:
        named = {"CA": self.ca, "CERTIFICATE": self.certificate, "KEY": self.key}
        if len(self._files) not in (0, len(named)):
            missing = ", ".join(f"ALPHALINE_TLS_{name}" for name in named if named[name] is None)
            yield f"expected ALPHALINE_TLS_CA, _CERTIFICATE and _KEY together, saw no {missing}; set it"
        for name, file in named.items():
            if file is not None and not file.is_file():
                yield f"ALPHALINE_TLS_{name}={file}: expected a file, saw none; correct the path"


def listen(server: grpc.Server, address: str, tls: ServiceTls | None = None) -> int:
    """Let ``server`` listen and return its port; with TLS, only to who shows a certificate.

    Parameters
    ----------
    address
        ``host:port``; port 0 takes a free one.
    tls
        None: as the environment of this process says.

    Raises
    ------
    LineError
        If the settings or files cannot be used, or the port is taken.
    """
    chosen = tls or ServiceTls.of_environment()
    if not chosen.is_on:
        return int(server.add_insecure_port(address))
    renewed = _Renewed(chosen)
    credentials = grpc.dynamic_ssl_server_credentials(
        renewed.configuration(),
        renewed,  # type: ignore[arg-type] # None is "as before", which the stubs do not know
        require_client_authentication=True,
    )
    try:
        return int(server.add_secure_port(address, credentials))
    except RuntimeError as error:
        raise LineError(
            f"{address}: could not listen there with {chosen.certificate}, {chosen.key} and "
            f"{chosen.ca}; see that they are PEM and belong together, and that the port is free"
        ) from error


class Connection(Generic[Stub]):
    """A stub for one address, connected anew where this service's certificate was renewed.

    Parameters
    ----------
    address
        ``host:port`` of a service; with TLS its certificate has to name that host.
    stub
        Class of generated code.
    options
        Of the channel.
    tls
        None: as the environment of this process says.
    """

    def __init__(
        self,
        address: str,
        stub: Callable[[grpc.Channel], Stub],
        options: Options = (),
        tls: ServiceTls | None = None,
    ) -> None:
        self._address, self._make, self._options = address, stub, options
        self._tls = tls or ServiceTls.of_environment()
        self._lock = threading.Lock()
        self._stamp: Stamp = ()
        # The one before the last, on which a call may still be under way.
        self._channels: list[grpc.Channel] = []
        self._stub: Stub = self._connected()

    @property
    def stub(self) -> Stub:
        """The stub to call next; do not keep it."""
        if self._tls.is_on:
            with self._lock:
                if self._is_renewed():
                    self._stub = self._connected()
        return self._stub

    def close(self) -> None:
        """Close the connection."""
        for channel in self._channels:
            channel.close()

    def _is_renewed(self) -> bool:
        try:
            return self._tls.stamp() != self._stamp
        except OSError:
            # What is open stays open: it was proven, and ends with its own certificate.
            return False

    def _connected(self) -> Stub:
        channel = self._open()
        for old in self._channels[:-1]:
            old.close()
        self._channels = [*self._channels[-1:], channel]
        return self._make(channel)

    def _open(self) -> grpc.Channel:
        if not self._tls.is_on:
            return grpc.insecure_channel(self._address, options=self._options)
        self._stamp = self._tls.stamp()
        authority, certificate, key = self._tls.read()
        credentials = grpc.ssl_channel_credentials(authority, key, certificate)
        return grpc.secure_channel(self._address, credentials, options=self._options)


class _Renewed:
    """Tells a server, at each new connection, whether there is a newer certificate."""

    def __init__(self, tls: ServiceTls) -> None:
        self._tls = tls
        self._used = tls.read()

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        try:
            found = self._tls.read()
        except OSError:
            return None
        if found == self._used:
            return None
        self._used = found
        return self.configuration()

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        authority, certificate, key = self._used
        return grpc.ssl_server_certificate_configuration([(key, certificate)], authority)
