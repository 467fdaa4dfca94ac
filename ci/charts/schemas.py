"""Strict JSON schemas for kubeconform: ``python -m ci.charts.schemas FOLDER``.

Kubernetes' own kinds come from the wheel in FOLDER, custom ones from ``deploy/crds``. kubeconform
would fetch both from the network.
"""

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import yaml

from ci.charts.places import CRDS

# The oldest that the chart allows, the one that its cluster tests run, the newest that is described.
VERSIONS = ("1.30", "1.33", "1.37")
PACKAGE = "kubernetes_validate/kubernetes-json-schema"
SHARED = "/api/_definitions.json#"
REFERENCE = re.compile(r'"#/\$defs/([^"]+)"')

Schema = dict[str, Any]


def kubernetes_schemas(wheel: Path, version: str, folder: Path) -> int:
    """Write a self-contained schema of every kind of one Kubernetes version; returns how many."""
    folder.mkdir(parents=True)
    inside = f"{PACKAGE}/v{version}.0-local-strict/"
    with zipfile.ZipFile(wheel) as archive:
        shared = _local(archive.read(f"{inside}_definitions.json"))["$defs"]
        kinds = [name for name in archive.namelist() if name.startswith(inside)]
        found = {Path(name).name: _local(archive.read(name)) for name in kinds}
    whole = {name: schema for name, schema in found.items() if _is_kind(schema)}
    for name, schema in whole.items():
        schema.pop("$id", None)
        used = {key: shared[key] for key in sorted(_reached(schema, shared))}
        (folder / name).write_text(json.dumps({**schema, "$defs": used}))
    return len(whole)


def _reached(schema: Schema, shared: Schema) -> set[str]:
    reached: set[str] = set()
    waiting = [schema]
    while waiting:
        for name in set(REFERENCE.findall(json.dumps(waiting.pop()))) - reached:
            reached.add(name)
            waiting.append(shared[name])
    return reached


def _local(text: bytes) -> Schema:
    parsed: Schema = json.loads(text.decode().replace(SHARED, "#"), object_hook=_undescribed)
    return parsed


def _undescribed(schema: Schema) -> Schema:
    # Nine tenths of the bytes, repeated in the schema of every kind.
    return {k: v for k, v in schema.items() if k != "description" or not isinstance(v, str)}


def _is_kind(schema: Schema) -> bool:
    return {"apiVersion", "kind", "metadata"} <= set(schema.get("properties", {}))


def custom_schemas(folder: Path) -> int:
    """Write a strict schema of every served version of the vendored CRDs; returns how many."""
    folder.mkdir(parents=True)
    count = 0
    for path in sorted(CRDS.glob("*/*.yaml")):
        for crd in yaml.load_all(path.read_bytes(), yaml.CSafeLoader):
            if crd and crd["kind"] == "CustomResourceDefinition":
                count += _write_versions(crd["spec"], folder)
    return count


def _write_versions(spec: Schema, folder: Path) -> int:
    for version in spec["versions"]:
        group, kind = spec["group"], spec["names"]["kind"].lower()
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["apiVersion"] = {"const": f"{group}/{version['name']}"}
        schema["properties"]["kind"] = {"const": spec["names"]["kind"]}
        schema["properties"]["metadata"] = {"type": "object"}
        (folder / f"{group}_{kind}_{version['name']}.json").write_text(json.dumps(schema))
    return len(spec["versions"])


def strict(schema: Any) -> Any:
    """Return an OpenAPI schema in JSON Schema's words, in which an undeclared key is an error."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    converted = {key: _converted(key, value) for key, value in schema.items()}
    is_open = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if "properties" in schema and not is_open:
        converted["additionalProperties"] = False
    if schema.get("nullable") and isinstance(converted.get("type"), str):
        converted["type"] = [converted["type"], "null"]
    return converted


def _converted(key: str, value: Any) -> Any:
    # The keys below these are names of properties and not words of the schema.
    if key == "properties":
        return {name: strict(found) for name, found in value.items()}
    if key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "not"):
        return strict(value) if key in ("items", "additionalProperties") else value
    return value


def main() -> None:
    """Write every schema below the folder that is named."""
    folder = Path(sys.argv[1])
    (wheel,) = folder.glob("kubernetes_validate-*.whl")
    for version in VERSIONS:
        count = kubernetes_schemas(wheel, version, folder / version)
        sys.stdout.write(f"Kubernetes {version}: {count} kinds\n")
    sys.stdout.write(f"custom resources: {custom_schemas(folder / 'custom')} versions\n")


if __name__ == "__main__":
    main()
