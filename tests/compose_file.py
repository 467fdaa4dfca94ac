"""The Compose file as Compose reads it, without an engine."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from alphaline.runtime.places import checkout

DEPLOY = checkout() / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text()
# `$$` is a dollar sign that the container sees.
REFERENCE = re.compile(r"\$\$|\$\{(?P<name>[A-Z0-9_]+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\}")
REQUIRED = {"POSTGRES_PASSWORD", "ALPHALINE_PASSWORD", "MLFLOW_PASSWORD"}
FILLED = {**dict.fromkeys(REQUIRED, "filled-in"), "S3_SECRET_KEY": "s", "VALKEY_PASSWORD": "v"}


def interpolated(text: str, variables: Mapping[str, str]) -> Any:
    """Return the file as Compose reads it; KeyError with its sentence for a missing variable."""

    def value(found: re.Match[str]) -> str:
        name, kind = found["name"], found["kind"]
        if name is None:
            return "$"
        if kind == "?" and not variables.get(name):
            raise KeyError(f"{name}: {found['text']}")
        return variables.get(name) or (found["text"] if kind == "-" else "")

    def within(part: Any) -> Any:
        match part:
            case str():
                return REFERENCE.sub(value, part)
            case dict():
                return {key: within(item) for key, item in part.items()}
            case list():
                return [within(item) for item in part]
        return part

    # After YAML, as Compose does: an empty variable is an empty text, not nothing.
    return within(yaml.safe_load(text))


def services() -> dict[str, Any]:
    """Return the services, every variable filled in."""
    found: dict[str, Any] = interpolated(TEXT, FILLED)["services"]
    return found
