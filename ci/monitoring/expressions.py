"""The expressions of dashboards, as Prometheus gets them once Grafana has filled in its variables."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# What Grafana puts in their place, with a scrape every 30 s and every namespace chosen.
_VARIABLES = {"$__rate_interval": "2m", "$namespace": ".*"}


class Expression(NamedTuple):
    """An expression and where it stands."""

    text: str
    place: str


def expressions(document: Mapping[str, Any]) -> Iterator[Expression]:
    """Yield every expression of a dashboard's file."""
    for panel in document["panels"]:
        for target in panel.get("targets", ()):
            place = f"{document['title']}: {panel['title']} {target['refId']}"
            yield Expression(_filled(target["expr"]), place)


def variable_metrics(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the metrics whose labels fill the dashboard's variables."""
    for variable in document["templating"]["list"]:
        query = variable.get("query", "")
        if isinstance(query, str) and query.startswith("label_values("):
            yield query.removeprefix("label_values(").split(",")[0]


def _filled(text: str) -> str:
    for name, value in _VARIABLES.items():
        text = text.replace(name, value)
    return text
