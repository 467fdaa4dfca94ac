"""What the chart's values say, without helm: their schema, and the settings that they are a copy of."""

import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from alphaline.runtime.settings import LineSettings
from alphaline.trading.risk.limits import RiskProfile
from ci.charts import copied
from ci.charts.places import CHART, CRDS
from ci.charts.settings import settings_class
from tests.line_values import ROOT

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
SERVICES = {
    "marketData": "market_data",
    "featureStreaming": "feature_streaming",
    "lakeSink": "lake_sink",
    "featureSink": "feature_sink",
    "signalGeneration": "signal_generation",
    "riskManagement": "risk_management",
    "paperTrading": "paper_trading",
    "gateway": "gateway",
}
# What the chart decides itself: where files and other parts are, and what a cluster has to have.
DECIDED = {
    *("lake_root", "ledger", "journal", "limits", "strategies", "model_store", "public_key"),
    *(
        "risk_address",
        "risk_listen",
        "model_server_address",
        "model_server_metadata",
        "inference",
        "replay_stays",
    ),
    *("gateway_host", "gateway_port", "journal_database", "ledger_database"),
    *("online_store", "online_store_connection"),
}
# Drills are for tests of the line, never for a cluster's values.
DRILLS = {"duplicate_every", "late_every", "beyond_every"}
# A recording is in the image, at another path than in a checkout; its sessions have no default.
CHOSEN = {"replay_bars", "replay_first_session", "replay_last_session"}


def objects(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield path, schema
        for key, value in schema.items():
            yield from objects(value, f"{path}/{key}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    found: dict[str, Any] = SCHEMA["definitions"][name] if name else schema
    return found


def undeclared(values: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    schema = resolved(schema)
    if isinstance(values, dict) and "properties" in schema:
        for key in sorted(values.keys() ^ schema["properties"].keys() - {"global"}):
            if key not in schema["properties"] or key in schema["required"]:
                yield f"{path}/{key}"
        for key in values.keys() & schema["properties"].keys():
            yield from undeclared(values[key], schema["properties"][key], f"{path}/{key}")


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def own_fields(service: str) -> dict[str, Any]:
    fields = settings_class(service).model_fields
    return {name: fields[name] for name in fields.keys() - LineSettings.model_fields.keys()}


def test_no_object_of_the_schema_takes_unknown_keys() -> None:
    assert [path for path, schema in objects(SCHEMA) if schema.get("additionalProperties")] == []
    assert all("additionalProperties" in schema for _, schema in objects(SCHEMA))


def test_values_and_schema_have_the_same_keys() -> None:
    assert list(undeclared(VALUES, SCHEMA)) == []


@pytest.mark.parametrize(("component", "service"), SERVICES.items())
def test_a_component_offers_the_settings_of_its_service_with_their_defaults(
    component: str, service: str
) -> None:
    fields = own_fields(service)
    offered = {snake(name): value for name, value in VALUES[component].get("settings", {}).items()}
    assert offered.keys() == fields.keys() - DECIDED - DRILLS
    assert {name: value for name, value in offered.items() if name not in CHOSEN} == {
        name: fields[name].default for name in offered.keys() - CHOSEN
    }


@pytest.mark.parametrize(("component", "service"), SERVICES.items())
def test_the_schema_takes_no_number_that_the_settings_refuse(component: str, service: str) -> None:
    declared = SCHEMA["properties"][component]["properties"].get("settings", {"properties": {}})
    fields = own_fields(service)
    for name, schema in declared["properties"].items():
        if "minimum" in schema:
            field = fields[snake(name)]
            adapter = TypeAdapter(field.rebuild_annotation())
            assert adapter.validate_python(schema["minimum"]) == schema["minimum"]


def test_the_chart_is_of_this_release() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == project["version"]


def test_the_default_limits_are_those_of_the_strategy_that_trades() -> None:
    limits = VALUES["riskManagement"]["limits"]
    assert limits == yaml.safe_load((ROOT / "strategies/limits/demo.yaml").read_text())
    declared = SCHEMA["properties"]["riskManagement"]["properties"]["limits"]["properties"]
    assert declared.keys() == set(RiskProfile.__struct_fields__)


def test_the_default_sessions_are_days_of_the_recording() -> None:
    settings = VALUES["marketData"]["settings"]
    first, last = (
        date.fromisoformat(settings[name]) for name in ("replayFirstSession", "replayLastSession")
    )
    assert first < last
    assert Path(settings["replayBars"]).relative_to(VALUES["reference"]["path"]).name in {
        path.name for path in (ROOT / "data/sample").iterdir()
    }


def test_topics_and_strategies_of_the_chart_are_those_of_the_line() -> None:
    ours = [name for name in copied.stale() if not name.startswith("files/monitoring/")]
    assert ours == []


def test_every_vendored_definition_has_its_source_and_licence() -> None:
    page = (CRDS / "README.md").read_text()
    folders = [path.name for path in CRDS.iterdir() if path.is_dir()]
    assert folders
    assert [name for name in folders if f"| `{name}/` |" not in page] == []
    assert "Apache License 2.0" in page
