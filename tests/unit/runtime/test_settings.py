from typing import Any

import pytest
from pydantic import ValidationError

from alphaline.runtime.settings import LineSettings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    monkeypatch.setenv("ALPHALINE_DATA_ROOT", "var/x")
    monkeypatch.setenv("ALPHALINE_PARTITION_COUNT", "4")
    return monkeypatch


@pytest.mark.parametrize(
    ("partitions", "own"), [("all", (0, 1, 2, 3)), ("2", (2,)), ("0,3", (0, 3))]
)
def test_a_worker_owns_all_partitions_or_those_that_it_names(environment, partitions, own) -> None:
    environment.setenv("ALPHALINE_PARTITIONS", partitions)
    assert LineSettings().own_partitions() == own


def test_a_partition_that_the_line_has_not_is_refused(environment) -> None:
    environment.setenv("ALPHALINE_PARTITIONS", "1,4")
    with pytest.raises(ValueError, match="expected numbers below 4"):
        LineSettings().own_partitions()


@pytest.mark.parametrize("name", ["KAFKA_BOOTSTRAP_SERVERS", "ALPHALINE_DATA_ROOT"])
def test_what_has_no_right_default_must_be_set(environment, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(ValidationError, match=f"(?i){name.removeprefix('ALPHALINE_')}"):
        LineSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALPHALINE_CLOCK_MODE", "fast"),
        ("ALPHALINE_PARTITION_COUNT", "0"),
        ("ALPHALINE_METRICS_PORT", "70000"),
    ],
)
def test_an_impossible_setting_is_refused(environment, name: str, value: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(ValidationError):
        LineSettings()


def test_settings_cannot_be_changed_afterwards(environment) -> None:
    settings = LineSettings()
    with pytest.raises(ValidationError):
        settings.partition_count = 3  # type: ignore[misc]
