"""What the services' pages say of their settings is what the settings say."""

import importlib
import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from alphaline.runtime.settings import LineSettings
from tests.line_values import ROOT

ROW = re.compile(
    r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>.+?) \| (?P<meaning>.+) \|$", re.MULTILINE
)
LINE_SERVICES = (
    "market_data",
    "feature_streaming",
    "lake_sink",
    "signal_generation",
    "risk_management",
    "paper_trading",
)


def documented(page: Path) -> dict[str, str]:
    return {row["name"]: row["default"] for row in ROW.finditer(page.read_text())}


def declared(fields: dict[str, FieldInfo]) -> dict[str, str]:
    return {
        str(field.validation_alias or f"ALPHALINE_{name.upper()}"): _default(field)
        for name, field in fields.items()
    }


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "empty" if str(field.default) in ("", "None") else f"`{field.default}`"


def test_the_settings_of_every_service_are_documented() -> None:
    assert documented(ROOT / "services/README.md") == declared(LineSettings.model_fields)


@pytest.mark.parametrize("service", LINE_SERVICES)
def test_the_settings_of_a_service_are_documented(service: str) -> None:
    settings = importlib.import_module(f"services.{service}.settings").Settings
    own = {
        name: field
        for name, field in settings.model_fields.items()
        if name not in LineSettings.model_fields
    }
    assert documented(ROOT / "services" / service / "README.md") == declared(own)


@pytest.mark.parametrize("service", [*LINE_SERVICES, "feature_sink", "gateway"])
def test_a_page_opens_with_its_step_and_what_it_reads_writes_and_owns(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    opening = " ".join(text.split("\n\n")[1].split())
    assert re.match(r"Step \d[a-z]? · reads .+ · writes .+ · owns .+", opening)
