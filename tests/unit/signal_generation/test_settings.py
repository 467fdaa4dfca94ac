"""What the signal service reads from its environment."""

from typing import get_args

import pytest
from pydantic import ValidationError

from alphaline.runtime.model_protocols import PROTOCOLS
from services.signal_generation.settings import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "ALPHALINE_DATA_ROOT": "var/x",
        "ALPHALINE_STRATEGIES": "a.yaml",
        "ALPHALINE_RISK_ADDRESS": "127.0.0.1:9110",
        "ALPHALINE_MODEL_STORE": "models",
        "ALPHALINE_PUBLIC_KEY": "signing.pub",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", []),
        ("seldon=model", [("seldon", "model")]),
        ("seldon=model,namespace=trading", [("seldon", "model"), ("namespace", "trading")]),
    ],
)
def test_a_router_is_told_what_the_setting_says(
    environment: pytest.MonkeyPatch, given: str, expected: list[tuple[str, str]]
) -> None:
    environment.setenv("ALPHALINE_MODEL_SERVER_METADATA", given)
    assert Settings().call_metadata() == expected


@pytest.mark.parametrize("given", ["seldon", "Seldon=model", "=model", "a=b,", "a=b, c=d", "a="])
def test_metadata_that_no_call_could_carry_is_refused(
    environment: pytest.MonkeyPatch, given: str
) -> None:
    environment.setenv("ALPHALINE_MODEL_SERVER_METADATA", given)
    with pytest.raises(ValidationError, match="model_server_metadata"):
        Settings()


def test_every_way_to_ask_a_server_has_a_client() -> None:
    ways = set(get_args(Settings.model_fields["inference"].annotation))
    assert ways - {"in_process"} == set(PROTOCOLS)
