"""Whether kustomize and the chart say the same: object by object, for the same wishes."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ci.charts.rendering import Manifest, Rendered
from ci.manifests.chart import documents

Key = tuple[str, str]

# Objects that the chart has no words for, and whose they are.
OURS: Mapping[Key, str] = {
    ("Namespace", ""): "the base's, which is named by the overlay",
    ("KafkaUser", "alphaline-delivery"): "strimzi's, ready before anything is delivered",
    ("KafkaUser", "alphaline-console"): "dev-tools-strimzi",
    ("Deployment", "alphaline-console"): "dev-tools",
    ("NetworkPolicy", "alphaline-console-to-line"): "dev-tools",
    ("NetworkPolicy", "alphaline-line-from-console"): "dev-tools",
    ("ConfigMap", "alphaline-canary-strategies"): "canary, whose Job reads its strategy there",
}
# Kustomize's mark of a content, after names that it generates.
CONTENT = re.compile(r"^(alphaline-(?:limits|strategies|canary-strategies))-[0-9a-z]{10}$")
# A Job of a revision or version; a canary is the chart's delivery in another lane.
ONCE = re.compile(r"^alphaline-(?:delivery|canary)-\S+$")


def differences(rendered: Rendered, values: Mapping[str, Any], namespace: str) -> Iterator[str]:
    """Yield every object that differs between what kustomize built and the chart with ``values``."""
    built = _by_key(rendered.manifests)
    expected = _by_key(one.manifest for one in documents(values, namespace))
    yield from (f"{rendered.name}: lacks {_said(key)}" for key in sorted(expected.keys() - built))
    beyond = sorted(key for key in built.keys() - expected.keys() if not _is_ours(key))
    yield from (f"{rendered.name}: has {_said(key)}, which the chart has not" for key in beyond)
    for key in sorted(built.keys() & expected.keys()):
        for where in _unequal(expected[key], built[key], ""):
            yield f"{rendered.name}: {_said(key)}: {where}"


def _by_key(manifests: Any) -> dict[Key, Manifest]:
    plain = [_plain(manifest) for manifest in manifests]
    return {(one["kind"], one["metadata"]["name"]): one for one in plain}


def _is_ours(key: Key) -> bool:
    return key in OURS or (key[0], "") in OURS


def _said(key: Key) -> str:
    return " ".join(key)


def _plain(value: Any) -> Any:
    """Return a manifest without generated names, and without maps that say nothing."""
    if isinstance(value, str):
        return _name(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        plain = {key: _plain(READ_AS.get(key, _same)(one)) for key, one in value.items()}
        return {key: one for key, one in plain.items() if one not in ({}, None)}
    return value


def _same(value: Any) -> Any:
    return value


def _folded(expression: str) -> str:
    # Kustomize writes a folded text with other line breaks than it read, which mean nothing here.
    return " ".join(expression.split())


def _strategies(volume: Manifest) -> Manifest:
    # A canary's Job reads the same strategy with another lane.
    name = _name(volume["name"])
    return {**volume, "name": name.replace("alphaline-canary-", "alphaline-")}


def _by_name(items: list[Manifest]) -> Manifest:
    # Their order means nothing; no variable of ours refers to one before it.
    return {one["name"]: one for one in items}


def _by_path(mounts: list[Manifest]) -> Manifest:
    return {one["mountPath"]: one for one in mounts}


READ_AS: Mapping[str, Callable[[Any], Any]] = {
    "expr": _folded,
    "configMap": _strategies,
    "env": _by_name,
    "volumes": _by_name,
    "volumeMounts": _by_path,
}


def _name(value: str) -> str:
    found = CONTENT.match(value)
    return found[1] if found else ONCE.sub("alphaline-delivery", value)


def _unequal(expected: Any, seen: Any, where: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(seen, dict):
        for key in sorted(expected.keys() | seen.keys()):
            yield from _unequal(expected.get(key), seen.get(key), f"{where}/{key}")
    elif isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        for number, pair in enumerate(zip(expected, seen, strict=True)):
            yield from _unequal(*pair, f"{where}/{number}")
    elif expected != seen:
        yield f"{where}: the chart says {expected!r}, kustomize {seen!r}"
