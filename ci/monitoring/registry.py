"""Which series there are, and their labels: what services export, rules record, the platform adds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from ci.monitoring.places import PLATFORM_METRICS, REGISTRY
from ci.monitoring.promql import asked, grouped_by
from ci.monitoring.rules import Rule

# What Prometheus puts on every series of a target, on a cluster or beside a line on one machine.
TARGET_LABELS = frozenset({"namespace", "pod", "job", "instance"})
_PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}

Labels = Mapping[str, frozenset[str]]


def exported() -> dict[str, frozenset[str]]:
    """Return the labels of every series that services export, those of the target included."""
    metrics = yaml.safe_load(REGISTRY.read_text())["metrics"]
    return {name: labels for metric in metrics for name, labels in _series(metric)}


def platform() -> frozenset[str]:
    """Return the metrics that others export."""
    return frozenset(
        metric["name"] for metric in yaml.safe_load(PLATFORM_METRICS.read_text())["metrics"]
    )


def recorded(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the names of the series that ``rules`` record."""
    return frozenset(rule.name for rule in rules if rule.kind == "record")


def unknown(
    expression: str, exports: Labels, others: frozenset[str], records: frozenset[str]
) -> list[str]:
    """Return what ``expression`` asks for and does not exist, a sentence each.

    Labels are checked for series that services export: a mistyped one picks nothing, in silence.
    """
    found = []
    for series in asked(expression):
        if series.metric in exports:
            wrong = series.labels - exports[series.metric]
            found += [f"{series.metric} has no label {label}" for label in sorted(wrong)]
        elif series.metric not in others | records:
            found.append(f"{series.metric} is neither exported nor recorded nor the platform's")
    return [*found, *_unknown_grouping(expression, exports)]


def _unknown_grouping(expression: str, exports: Labels) -> list[str]:
    own = [series.metric for series in asked(expression)]
    if not all(metric in exports for metric in own):
        return []
    there = frozenset[str]().union(*(exports[metric] for metric in own))
    return [
        f"nothing in it has the label {name}" for name in sorted(grouped_by(expression) - there)
    ]


def _series(metric: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    labels = frozenset(metric["labels"]) | TARGET_LABELS
    for part in _PARTS[metric["kind"]]:
        yield metric["name"] + part, labels | ({"le"} if part == "_bucket" else set())
