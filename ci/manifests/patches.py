"""Patches that make one manifest of another: by names where Kubernetes merges by names, else by place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ci.charts.rendering import Manifest

Operation = dict[str, Any]

# Kinds whose lists of named things kustomize merges by name; all others are patched by place.
MERGED_BY_NAME = ("Deployment", "StatefulSet")
# Lists of such a kind, and what names their items.
NAMED_BY = {
    "containers": "name",
    "env": "name",
    "ports": "containerPort",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeClaimTemplates": None,
}


def merge(before: Manifest, after: Manifest) -> Manifest:
    """Return the strategic merge patch that makes ``after`` of ``before``; a null removes a key."""
    patch: Manifest = {}
    for key in before.keys() | after.keys():
        if key not in after:
            patch[key] = None
        elif before.get(key) != after[key]:
            patch[key] = _merged(key, before.get(key), after[key])
    return {key: patch[key] for key in sorted(patch)}


def _merged(key: str, before: Any, after: Any) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        return merge(before, after)
    named_by = NAMED_BY.get(key)
    if isinstance(before, list) and isinstance(after, list) and named_by:
        return list(_merged_items(named_by, before, after))
    return after


def _merged_items(
    named_by: str, before: Sequence[Manifest], after: Sequence[Manifest]
) -> Iterator[Manifest]:
    old = {item[named_by]: item for item in before}
    new = {item[named_by]: item for item in after}
    for name, item in new.items():
        if name not in old:
            yield item
        elif item != old[name]:
            yield {named_by: name, **merge(old[name], item)}
    yield from ({named_by: name, "$patch": "delete"} for name in old if name not in new)


def operations(before: Any, after: Any, path: str = "") -> Iterator[Operation]:
    """Yield JSON Patch operations that make ``after`` of ``before``.

    What is added to a list goes to its end, and what is removed from it is tested first: other
    patches may have added to the same list, and none may have moved what stands in it.
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _of_key(before, after, key, f"{path}/{_escaped(key)}")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_list(before, after, path)
    elif before != after:
        yield {"op": "replace", "path": path, "value": after}


def _of_key(
    before: Mapping[str, Any], after: Mapping[str, Any], key: str, path: str
) -> Iterator[Operation]:
    if key not in after:
        yield {"op": "remove", "path": path}
    elif key not in before:
        yield {"op": "add", "path": path, "value": after[key]}
    else:
        yield from operations(before[key], after[key], path)


def _of_list(before: list[Any], after: list[Any], path: str) -> Iterator[Operation]:
    if len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from operations(old, new, f"{path}/{number}")
        return
    for number in reversed(range(len(before))):
        if before[number] not in after:
            yield {"op": "test", "path": f"{path}/{number}", "value": before[number]}
            yield {"op": "remove", "path": f"{path}/{number}"}
    yield from (
        {"op": "add", "path": f"{path}/-", "value": new} for new in after if new not in before
    )


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
