"""The AsyncAPI document of the line: every topic with its messages and its settings on Kafka."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from alphaline.messages.schemas import DEAD_LETTERS, Schema, message_names

ASYNCAPI = "3.0.0"
BINDING = "0.5.0"


class Channel(NamedTuple):
    """What the document says of a topic beside its messages; ``settings`` in Kafka's names."""

    topic: str
    spread: str
    settings: Mapping[str, str]


def asyncapi(channels: Iterable[Channel], schemas: Mapping[str, Schema]) -> str:
    """Return the document as YAML.

    Parameters
    ----------
    channels
        In the order in which data flows. One without a schema of its own (and not a dead letter
        topic) carries bytes that only its writer reads, and is left out.
    schemas
        By topic, as ``alphaline.messages.schemas.schemas`` returns them.
    """
    described = {
        channel.topic: _channel(channel, name, schemas[name])
        for channel in channels
        if (name := _schema_name(channel.topic)) in schemas
    }
    document = {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Alphaline",
            "version": "1.0.0",
            "description": "Topics of the line. Values are JSON, keys are instrument ids.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": described,
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _schema_name(topic: str) -> str:
    return DEAD_LETTERS if topic.endswith(".dlq") else topic


def _channel(channel: Channel, name: str, schema: Schema) -> dict[str, Any]:
    return {
        "address": channel.topic,
        "description": _SPREADS[channel.spread],
        "messages": {
            message: {"payload": {"$ref": f"./schemas/{name}.json#/$defs/{message}"}}
            for message in message_names(schema)
        },
        "bindings": {"kafka": _binding(channel.settings)},
    }


_SPREADS = {
    "line": "As many partitions as the line has; a key's partition is the same on each such topic.",
    "global": "One partition.",
}


def _binding(settings: Mapping[str, str]) -> dict[str, Any]:
    return {
        "topicConfiguration": {
            "cleanup.policy": [settings["cleanup.policy"]],
            "retention.ms": int(settings["retention.ms"]),
        },
        "bindingVersion": BINDING,
    }
