"""The rules of Prometheus and their tests, as they stand in their files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml


class Rule(NamedTuple):
    """One recording or alert rule.

    Parameters
    ----------
    name
        Of the alert, or of the series that is recorded.
    kind
        ``alert`` or ``record``.
    """

    name: str
    kind: str
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    file: str


class RuleCheck(NamedTuple):
    """What a test expects of an alert at one moment: the severities that fire, none if it is silent."""

    alert: str
    severities: tuple[str, ...]


def rules(folder: Path) -> list[Rule]:
    """Return every rule of the files in ``folder``, in their order."""
    return [
        _rule(found, path.name)
        for path in sorted(folder.glob("*.yaml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for found in group["rules"]
    ]


def rule_checks(folder: Path) -> list[RuleCheck]:
    """Return what the tests in ``folder`` expect of alerts."""
    return [
        RuleCheck(check["alertname"], tuple(_severities(check["exp_alerts"])))
        for path in sorted(folder.glob("*.yaml"))
        for test in yaml.safe_load(path.read_text())["tests"]
        for check in test["alert_rule_test"]
    ]


def _severities(expected: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for alert in expected:
        yield alert["exp_labels"]["severity"]


def _rule(found: Mapping[str, Any], file: str) -> Rule:
    kind = "alert" if "alert" in found else "record"
    return Rule(
        name=found[kind],
        kind=kind,
        expr=found["expr"],
        labels=found.get("labels", {}),
        annotations=found.get("annotations", {}),
        file=file,
    )
