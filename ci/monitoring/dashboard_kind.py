"""Whether a file is a dashboard as Grafana's own model has it: every key known, every value of its type."""

import json
from collections.abc import Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.models.dashboard import Dashboard

_MODELS = "grafana_foundation_sdk.models."


def encoded(dashboard: Dashboard) -> str:
    """Return the bytes of a dashboard's file: the same for the same dashboard."""
    return JSONEncoder(sort_keys=True, indent=1).encode(dashboard) + "\n"


def faults(document: Any) -> list[str]:
    """Return what in ``document`` is no dashboard of Grafana, a sentence each with its place."""
    register_default_plugins()
    try:
        dashboard = Dashboard.from_json(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"$: expected a dashboard, saw {type(error).__name__}: {error}"]
    back = json.loads(JSONEncoder().encode(dashboard))
    return [*_lost(document, back, "$"), *_wrong(dashboard, Dashboard, "$")]


def _lost(before: Any, after: Any, place: str) -> Iterator[str]:
    """Yield what the model does not keep: a key that it does not know."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if key not in after:
                yield f"{place}.{key}: the model has no such key"
            else:
                yield from _lost(value, after[key], f"{place}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _lost(one, other, f"{place}[{number}]")
    elif before != after:
        yield f"{place}: expected {before!r} to be kept, saw {after!r}"


def _wrong(value: Any, expected: Any, place: str) -> Iterator[str]:
    """Yield what is not of the type that the model states."""
    if get_origin(expected) in (Union, UnionType):
        yield from _wrong_of_each(value, get_args(expected), place)
    elif get_origin(expected) is list:
        yield from _wrong_items(value, get_args(expected)[0], place)
    elif not _is_of(value, expected):
        yield f"{place}: expected {getattr(expected, '__name__', expected)}, saw {value!r}"
    elif isinstance(value, UnknownDataquery):
        yield f"{place}: expected a query of a known kind of source"
    elif type(value).__module__.startswith(_MODELS) and not isinstance(value, Enum):
        for name, hint in get_type_hints(type(value)).items():
            yield from _wrong(getattr(value, name), hint, f"{place}.{name}")


def _wrong_of_each(value: Any, options: tuple[Any, ...], place: str) -> Iterator[str]:
    if value is None and NoneType in options:
        return
    found = [list(_wrong(value, option, place)) for option in options if option is not NoneType]
    if all(found):
        # The option that is nearest says most.
        yield from max(found, key=lambda sentences: max(map(_depth, sentences)))


def _wrong_items(value: Any, expected: Any, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place}: expected a list, saw {value!r}"
        return
    for number, item in enumerate(value):
        yield from _wrong(item, expected, f"{place}[{number}]")


def _depth(sentence: str) -> int:
    place = sentence.split(": ", maxsplit=1)[0]
    return place.count(".") + place.count("[")


def _is_of(value: Any, expected: Any) -> bool:
    if expected in (Any, object) or get_origin(expected) is dict:
        return True
    if get_origin(expected) is Literal:
        return value in get_args(expected)
    return isinstance(expected, type) and _is_instance(value, expected)


def _is_instance(value: Any, expected: type) -> bool:
    if issubclass(expected, Enum):
        # Read from a file it is the plain value.
        return value in [member.value for member in expected]
    if expected in (int, float):
        # JSON has one kind of number, and a truth value is none.
        return isinstance(value, int | expected) and not isinstance(value, bool)
    return isinstance(value, expected)
