"""JSON Schemas of what stands on the topics, and which changes of them break a reader.

Within a major only optional fields are added. A topic's reader and writer are upgraded at different
times: an old reader meets new records, a new reader meets old ones. Both must decode.
"""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from alphaline.messages.codec import KINDS
from alphaline.messages.dead_letters import DeadLetter

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# The one contract of every `<topic>.dlq`.
DEAD_LETTERS = "dead_letters"
# What a schema says to people only.
ANNOTATIONS = frozenset({"title", "description", "default", "examples"})


def schemas() -> dict[str, Schema]:
    """Return the schema of every topic by its contract name, and of dead letters."""
    kinds = {**KINDS, DEAD_LETTERS: DeadLetter}
    return {name: {"$schema": DIALECT, **schema_of(kind)} for name, kind in kinds.items()}


def schema_of(kind: object) -> Schema:
    """Return the schema of a message type or of a union of them, docstrings unindented."""
    schema: Schema = msgspec.json.schema(kind)
    for definition in schema.get("$defs", {}).values():
        definition["description"] = inspect.cleandoc(definition.get("description", ""))
    return schema


def rendered(schema: Schema) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def message_names(schema: Schema) -> tuple[str, ...]:
    """Return the names of the definitions that may stand on the topic themselves."""
    branches = schema.get("anyOf", [schema])
    return tuple(branch["$ref"].rpartition("/")[2] for branch in branches if "$ref" in branch)


def all_breaks(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Return every change from ``old`` to ``new`` that a reader of some topic cannot bear.

    Parameters
    ----------
    old, new
        Schemas by topic, as ``schemas`` returns them.

    Returns
    -------
    list of str
        One sentence each; empty where every old reader reads new records and every new reader old
        ones.
    """
    removed = [f"{topic}: the topic was removed" for topic in sorted(old.keys() - new.keys())]
    kept = sorted(old.keys() & new.keys())
    return removed + [
        f"{topic}: {found}" for topic in kept for found in breaks(old[topic], new[topic])
    ]


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return every change of one topic's schema that a reader cannot bear."""
    before, after = old.get("$defs", {}), new.get("$defs", {})
    found = [f"{name} was removed" for name in before if name not in after]
    found += [
        f"{name} was added: a reader of before rejects it"
        for name in message_names(new)
        if name not in message_names(old)
    ]
    for name in before:
        if name in after:
            found += [
                f"{name}.{broken}" for broken in _definition_breaks(before[name], after[name])
            ]
    return found


def _definition_breaks(old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required_before, required = set(old.get("required", ())), set(new.get("required", ()))
    for field in before:
        if field not in after:
            yield f"{field} was removed"
        elif _wire(before[field]) != _wire(after[field]):
            yield f"{field} changed its type: {_short(before[field])} before, {_short(after[field])} after"
        elif field in required_before - required:
            yield f"{field} became optional: a reader of before requires it"
    for field in sorted(required - required_before):
        yield f"{field} is required: records of before lack it, so a new field needs a default"
    if _wire_of_rest(old) != _wire_of_rest(new):
        yield "* changed what the definition says beside its fields"


def _wire(schema: object) -> object:
    if isinstance(schema, dict):
        return {key: _wire(value) for key, value in schema.items() if key not in ANNOTATIONS}
    if isinstance(schema, list):
        return [_wire(item) for item in schema]
    return schema


def _wire_of_rest(definition: Schema) -> object:
    fields = ("properties", "required")
    return _wire({key: value for key, value in definition.items() if key not in fields})


def _short(schema: object) -> str:
    return json.dumps(_wire(schema), sort_keys=True)
