"""Where each alert should go: derived from its labels, compared with what Alertmanager does."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ci.monitoring.places import RULES
from ci.monitoring.rules import rules


class Case(NamedTuple):
    """An alert and the receiver that it must reach."""

    name: str
    labels: Mapping[str, str]
    receiver: str


def cases() -> Iterator[Case]:
    """Yield a case for every alert rule, and one for an alert of somebody else."""
    for rule in rules(RULES):
        if rule.kind == "alert":
            labels = {"alertname": rule.name, **rule.labels}
            yield Case(f"{rule.name} ({rule.labels['severity']})", labels, receiver(rule.labels))
    foreign = {"alertname": "NodeClockSkewDetected", "severity": "warning"}
    yield Case("an alert of the platform", foreign, "nobody")


def receiver(labels: Mapping[str, str]) -> str:
    """Return who gets an alert: somebody is woken, or its team reads it in the morning."""
    return "on-call" if labels["severity"] == "critical" else f"team-{labels['team']}"
