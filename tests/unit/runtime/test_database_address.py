from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaline.errors import ContractError, StoreUnavailableError
from alphaline.runtime.database import DatabaseAddress, chosen_place, place_of
from alphaline.runtime.ports import free_port
from alphaline.runtime.postgresql_database import PostgresqlConnection
from services.risk_management.settings import Settings


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://ada:s3cret@db:5432/line", "postgresql://ada@db:5432/line"),
        ("postgres://ada@db/line", "postgresql://ada@db/line"),
        ("postgresql://ada:s3cret@[::1]:5432/line", "postgresql://ada@[::1]:5432/line"),
        (
            "postgresql://a:s3cret@h1:1,h2:2/x?target_session_attrs=read-write",
            "postgresql://a@h1:1,h2:2/x",
        ),
        ("postgresql:///line?host=/run/postgresql&password=s3cret", "postgresql:///line"),
    ],
)
def test_an_address_is_shown_without_its_password(uri: str, shown: str) -> None:
    address = DatabaseAddress(uri)
    assert str(address) == shown
    assert "s3cret" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://ada:s3/cret@db/line",
        "postgresql://ada:s3@cret@db/line",
        "postgresql://ada:s3cret",
        "postgresql+psycopg://ada:s3cret@db/line",
        "host=db password=s3cret",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(uri: str) -> None:
    with pytest.raises(ContractError, match="percent-encoded") as raised:
        DatabaseAddress(uri)
    assert "s3" not in str(raised.value)


@given(password=st.text(min_size=4, max_size=20, alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_password_shows_up_whether_it_was_encoded_or_not(password: str) -> None:
    secret = f"0x{password}x0"
    for written in (quote(secret, safe=""), secret):
        try:
            shown = str(DatabaseAddress(f"postgresql://ada:{written}@db:5432/line"))
        except ContractError as error:
            shown = str(error)
        assert secret not in shown
        assert quote(secret, safe="") not in shown


def test_an_option_that_libpq_does_not_know_is_refused_without_being_repeated() -> None:
    address = DatabaseAddress("postgresql://ada:s3cret@db/line?pasword=s3cret")
    with pytest.raises(ContractError, match=r"ada@db/line.*options that libpq knows") as raised:
        PostgresqlConnection(address, "alphaline_ledger")
    assert "s3cret" not in f"{raised.value} {raised.value.__cause__}"


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    address = DatabaseAddress(f"postgresql://ada:s3cret@127.0.0.1:{free_port()}/line")
    with pytest.raises(StoreUnavailableError, match=r"ada@127\.0\.0\.1") as raised:
        PostgresqlConnection(address, "alphaline_ledger")
    assert "s3cret" not in f"{raised.value} {raised.value.__cause__}"


def test_a_person_may_name_a_file_or_a_server() -> None:
    assert place_of("var/journal.sqlite") == Path("var/journal.sqlite")
    assert str(place_of("postgresql://ada@db/line")) == "postgresql://ada@db/line"


def test_a_server_goes_before_a_file_and_one_of_both_is_needed(tmp_path: Path) -> None:
    assert chosen_place("", tmp_path, "ALPHALINE_LEDGER") == tmp_path
    assert str(chosen_place("postgresql://db/line", tmp_path, "ALPHALINE_LEDGER")).endswith("line")
    with pytest.raises(ContractError, match=r"ALPHALINE_LEDGER_DATABASE.*saw neither"):
        chosen_place("", None, "ALPHALINE_LEDGER")


def test_settings_show_no_password_even_where_they_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_settings = {
        "KAFKA_BOOTSTRAP_SERVERS": "broker:9092",
        "ALPHALINE_DATA_ROOT": "var",
        "ALPHALINE_LIMITS": "limits.yaml",
        "ALPHALINE_MODEL_STORE": "models",
        "ALPHALINE_PUBLIC_KEY": "key.pub",
        "ALPHALINE_JOURNAL_DATABASE": "postgresql://ada:s3cret@db/line",
    }
    for name, value in given_settings.items():
        monkeypatch.setenv(name, value)
    assert str(Settings().journal_place()) == "postgresql://ada@db/line"
    assert "s3cret" not in repr(Settings())
    monkeypatch.delenv("ALPHALINE_LIMITS")
    with pytest.raises(ValueError, match="limits") as raised:
        Settings()
    assert "s3cret" not in str(raised.value)
