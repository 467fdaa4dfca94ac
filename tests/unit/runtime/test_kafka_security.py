"""Settings of Kafka's security: whole, or refused with what is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import BrokerError
from alphaline.runtime.broker import EXISTING, existing_broker
from alphaline.runtime.kafka_security import KafkaSecurity

FILES = ("SSL_CA_LOCATION", "SSL_CERTIFICATE_LOCATION", "SSL_KEY_LOCATION")
SCRAM = {
    "SASL_MECHANISM": "SCRAM-SHA-512",
    "SASL_USERNAME": "risk",
    "SASL_PASSWORD": "drei Worte",
}
EVERYTHING = ("SECURITY_PROTOCOL", *FILES, *SCRAM)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in EVERYTHING:
        monkeypatch.delenv(f"KAFKA_{name}", raising=False)
    for name in FILES:
        (tmp_path / name).write_text("PEM")
    return monkeypatch


def given_settings(
    environment: pytest.MonkeyPatch, folder: Path, protocol: str, *names: str
) -> None:
    environment.setenv("KAFKA_SECURITY_PROTOCOL", protocol)
    for name in names:
        environment.setenv(f"KAFKA_{name}", SCRAM.get(name, str(folder / name)))


def test_plain_text_adds_nothing_to_a_client(environment: pytest.MonkeyPatch) -> None:
    plain = KafkaSecurity.of_environment()
    assert plain.confluent() == plain.kafka_python() == {}


def test_an_empty_variable_is_none(environment: pytest.MonkeyPatch) -> None:
    for name in EVERYTHING:
        environment.setenv(f"KAFKA_{name}", "")
    assert KafkaSecurity.of_environment().confluent() == {}


def test_mutual_tls_is_said_to_both_clients(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given_settings(environment, tmp_path, "SSL", *FILES)
    security = KafkaSecurity.of_environment()
    ca, certificate, key = (str(tmp_path / name) for name in FILES)
    assert security.confluent() == {
        "security.protocol": "SSL",
        "ssl.ca.location": ca,
        "ssl.certificate.location": certificate,
        "ssl.key.location": key,
        "ssl.endpoint.identification.algorithm": "https",
    }
    assert security.kafka_python() == {
        "security_protocol": "SSL",
        "ssl_cafile": ca,
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
        "ssl_check_hostname": True,
    }


@pytest.mark.parametrize("own", [(), FILES[1:]])
def test_a_user_is_said_to_both_clients_with_a_certificate_or_without(
    environment: pytest.MonkeyPatch, tmp_path: Path, own: tuple[str, ...]
) -> None:
    given_settings(environment, tmp_path, "SASL_SSL", FILES[0], *own, *SCRAM)
    security = KafkaSecurity.of_environment()
    confluent, python = security.confluent(), security.kafka_python()
    assert confluent["sasl.mechanism"] == python["sasl_mechanism"] == "SCRAM-SHA-512"
    assert confluent["sasl.username"] == python["sasl_plain_username"] == "risk"
    assert confluent["sasl.password"] == python["sasl_plain_password"] == "drei Worte"
    assert ("ssl.key.location" in confluent) == ("ssl_keyfile" in python) == bool(own)


@pytest.mark.parametrize(
    ("protocol", "names", "expected"),
    [
        ("PLAINTEXT", FILES[:1], "PLAINTEXT uses no KAFKA_SSL_CA_LOCATION"),
        ("PLAINTEXT", ("SASL_PASSWORD",), "PLAINTEXT uses no KAFKA_SASL_PASSWORD"),
        ("SSL", (), "SSL needs KAFKA_SSL_CA_LOCATION, KAFKA_SSL_CERTIFICATE_LOCATION"),
        ("SSL", FILES[:2], "SSL needs KAFKA_SSL_KEY_LOCATION; set"),
        ("SSL", (*FILES, "SASL_USERNAME"), "SSL uses no KAFKA_SASL_USERNAME"),
        ("SASL_SSL", tuple(SCRAM), "SASL_SSL needs KAFKA_SSL_CA_LOCATION; set"),
        ("SASL_SSL", (FILES[0],), "needs KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_P"),
        ("SASL_SSL", (*FILES[:2], *SCRAM), "KAFKA_SSL_KEY_LOCATION together, saw one of them"),
        ("SASL_PLAINTEXT", (), "KAFKA_SECURITY_PROTOCOL: Input should be 'PLAINTEXT', 'SSL' or"),
    ],
)
def test_half_a_configuration_is_refused_with_what_is_wrong(
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    protocol: str,
    names: tuple[str, ...],
    expected: str,
) -> None:
    given_settings(environment, tmp_path, protocol, *names)
    with pytest.raises(BrokerError, match=expected):
        KafkaSecurity.of_environment()


def test_a_weaker_mechanism_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given_settings(environment, tmp_path, "SASL_SSL", FILES[0], *SCRAM)
    environment.setenv("KAFKA_SASL_MECHANISM", "PLAIN")
    with pytest.raises(BrokerError, match="KAFKA_SASL_MECHANISM: Input should be 'SCRAM-SHA-512'"):
        KafkaSecurity.of_environment()


def test_a_file_that_is_not_there_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given_settings(environment, tmp_path, "SSL", *FILES)
    (tmp_path / FILES[1]).unlink()
    with pytest.raises(BrokerError, match=r"KAFKA_SSL_CERTIFICATE_LOCATION=.*expected a file"):
        KafkaSecurity.of_environment()


def test_no_message_and_no_printed_settings_hold_the_password(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given_settings(environment, tmp_path, "SASL_SSL", *SCRAM)
    with pytest.raises(BrokerError) as refused:
        KafkaSecurity.of_environment()
    assert refused.value.__cause__ is refused.value.__context__ is None
    assert SCRAM["SASL_PASSWORD"] not in str(refused.value)
    given_settings(environment, tmp_path, "SASL_SSL", FILES[0], *SCRAM)
    assert SCRAM["SASL_PASSWORD"] not in repr(KafkaSecurity.of_environment())


@given(
    protocol=st.sampled_from(["PLAINTEXT", "SSL", "SASL_SSL"]),
    names=st.sets(st.sampled_from([*FILES, *SCRAM])),
)
def test_what_is_accepted_is_encrypted_and_proven_exactly_where_the_protocol_says_so(
    protocol: str, names: set[str]
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name in EVERYTHING:
            patched.delenv(f"KAFKA_{name}", raising=False)
        # Any file will do: what is in it is for the clients to judge.
        patched.setenv("KAFKA_SECURITY_PROTOCOL", protocol)
        for name in names:
            patched.setenv(f"KAFKA_{name}", SCRAM.get(name, __file__))
        try:
            accepted = KafkaSecurity.of_environment().confluent()
        except BrokerError:
            return
    assert accepted.get("security.protocol", "PLAINTEXT") == protocol
    assert ("ssl.ca.location" in accepted) == (protocol != "PLAINTEXT")
    assert ("sasl.password" in accepted) == (protocol == "SASL_SSL")
    assert protocol != "SSL" or {"ssl.certificate.location", "ssl.key.location"} <= set(accepted)
    assert len(names) == len(accepted) - 2 or not accepted


def test_a_secured_broker_of_the_lines_own_is_refused(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given_settings(environment, tmp_path, "SSL", *FILES)
    environment.delenv(EXISTING, raising=False)
    with pytest.raises(BrokerError, match="Name a cluster, or unset"):
        existing_broker()
