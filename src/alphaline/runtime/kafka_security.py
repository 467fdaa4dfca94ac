"""How every client of the line proves itself to Kafka, and Kafka to it: the ``KAFKA_*`` variables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alphaline.errors import BrokerError

_CA = "ssl_ca_location"
_OWN = ("ssl_certificate_location", "ssl_key_location")
_SASL = ("sasl_mechanism", "sasl_username", "sasl_password")

_NEEDED = {"PLAINTEXT": (), "SSL": (_CA, *_OWN), "SASL_SSL": (_CA, *_SASL)}
_ALLOWED = {"PLAINTEXT": (), "SSL": (), "SASL_SSL": _OWN}


class KafkaSecurity(BaseSettings):
    """Security of the connections to Kafka; all or nothing, so that no half of it passes for the whole.

    PLAINTEXT takes nothing else. SSL is mutual TLS: without a certificate of its own a client is nobody
    that rights can be given to. SASL_SSL takes a user by SCRAM, and a certificate where the broker
    asks for one too. Brokers are always checked against the CA and their host name.
    """

    model_config = SettingsConfigDict(
        env_prefix="KAFKA_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL (mutual TLS) or SASL_SSL"
    )
    ssl_ca_location: Path | None = Field(
        None, description="PEM file of the authorities that sign the brokers' certificates"
    )
    ssl_certificate_location: Path | None = Field(
        None, description="PEM file of this client's certificate"
    )
    ssl_key_location: Path | None = Field(None, description="PEM file of its private key")
    sasl_mechanism: Literal["SCRAM-SHA-512"] | None = Field(
        None, description="SCRAM-SHA-512, for SASL_SSL"
    )
    sasl_username: str | None = Field(None, description="for SASL_SSL")
    sasl_password: SecretStr | None = Field(None, description="for SASL_SSL")

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
        BrokerError
            If they are incomplete, contradict each other or name a file that is not there.
        """
        try:
            return cls()
        except ValidationError as error:
            # Its own text, and the chain to it, would show the password.
            found = "; ".join(_told(one["loc"], one["msg"]) for one in error.errors())
        raise BrokerError(f"Security of Kafka: {found}")

    def confluent(self) -> dict[str, str]:
        """Return the settings of a client of confluent-kafka."""
        if self.security_protocol == "PLAINTEXT":
            return {}
        given = {
            "security.protocol": self.security_protocol,
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
            # The library's default today; a broker of another name is another broker.
            "ssl.endpoint.identification.algorithm": "https",
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self._password,
        }
        return {name: str(value) for name, value in given.items() if value is not None}

    def kafka_python(self) -> dict[str, Any]:
        """Return the settings of a client of kafka-python."""
        if self.security_protocol == "PLAINTEXT":
            return {}
        given = {
            "security_protocol": self.security_protocol,
            "ssl_cafile": self.ssl_ca_location and str(self.ssl_ca_location),
            "ssl_certfile": self.ssl_certificate_location and str(self.ssl_certificate_location),
            "ssl_keyfile": self.ssl_key_location and str(self.ssl_key_location),
            "ssl_check_hostname": True,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self._password,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def _password(self) -> str | None:
        return None if self.sasl_password is None else self.sasl_password.get_secret_value()

    def _contradictions(self) -> Iterator[str]:
        protocol = self.security_protocol
        needed = _NEEDED[protocol]
        optional = _ALLOWED[protocol]
        given = {name for name in (_CA, *_OWN, *_SASL) if getattr(self, name) is not None}
        if missing := [name for name in needed if name not in given]:
            yield f"KAFKA_SECURITY_PROTOCOL={protocol} needs {_variables(missing)}; set them"
        if strange := sorted(given.difference(needed, optional)):
            yield (
                f"KAFKA_SECURITY_PROTOCOL={protocol} uses no {_variables(strange)}; unset them, or name "
                "the protocol that does"
            )
        if len(given.intersection(_OWN)) == 1:
            yield f"expected {_variables(_OWN)} together, saw one of them; set both or none"
        for name in sorted(given.intersection((_CA, *_OWN))):
            if not (file := getattr(self, name)).is_file():
                yield f"{_variables([name])}={file}: expected a file, saw none; correct the path"


def _variables(names: "list[str] | tuple[str, ...]") -> str:
    return ", ".join(f"KAFKA_{name.upper()}" for name in names)


def _told(place: tuple[int | str, ...], message: str) -> str:
    field = f"{_variables([str(place[0])])}: " if place else ""
    return field + message.removeprefix("Value error, ")
