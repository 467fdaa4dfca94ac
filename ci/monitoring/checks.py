"""What must hold of rules, tests, runbooks and dashboards, and needs no program of Prometheus."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ci.monitoring import registry
from ci.monitoring.dashboard_kind import encoded, faults
from ci.monitoring.dashboards import PAGES
from ci.monitoring.expressions import expressions, variable_metrics
from ci.monitoring.panels import build
from ci.monitoring.places import DASHBOARDS, ROOT, RULE_TESTS, RULES, RUNBOOKS
from ci.monitoring.rules import Rule, RuleCheck, rule_checks, rules

SEVERITIES = frozenset({"critical", "warning"})
TEAMS = frozenset({"line", "models", "features", "risk", "trading"})
HEADINGS = ("## What it means", "## How to see it", "## What to do")


def generated() -> dict[str, str]:
    """Return every dashboard's file by its name."""
    return {f"{page.name}.json": encoded(build(page)) for page in PAGES}


def write() -> list[str]:
    """Write the dashboards; returns the names of the files that changed."""
    DASHBOARDS.mkdir(parents=True, exist_ok=True)
    wanted = generated()
    changed = []
    for path in DASHBOARDS.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
            changed.append(path.name)
    for name, text in wanted.items():
        path = DASHBOARDS / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            changed.append(name)
    return sorted(changed)


def documents() -> dict[str, Any]:
    """Return the dashboards as they stand in their files."""
    return {path.name: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


def stale_dashboards() -> list[str]:
    """Return the names of files that are not what the code makes, or that it does not make."""
    wanted = generated()
    present = {path.name: path.read_text() for path in DASHBOARDS.glob("*.json")}
    names = wanted.keys() | present.keys()
    return sorted(name for name in names if wanted.get(name) != present.get(name))


def foreign_keys() -> list[str]:
    """Return what in a dashboard's file Grafana's model does not have."""
    return [f"{name} {fault}" for name, found in documents().items() for fault in faults(found)]


def unknown_series() -> list[str]:
    """Return what rules and dashboards ask for and nobody exports or records."""
    found = rules(RULES)
    exports, others, records = registry.exported(), registry.platform(), registry.recorded(found)
    asking = [(rule.expr, f"{rule.file}: {rule.name}") for rule in found]
    for name, document in documents().items():
        asking += [(each.text, each.place) for each in expressions(document)]
        asking += [(metric, name) for metric in variable_metrics(document)]
    return [
        f"{place}: {sentence}"
        for text, place in asking
        for sentence in registry.unknown(text, exports, others, records)
    ]


def alert_faults(rule: Rule) -> Iterator[str]:
    """Yield what an alert lacks."""
    if rule.labels.get("severity") not in SEVERITIES:
        yield f"{rule.name}: expected a severity of {sorted(SEVERITIES)}, saw {rule.labels}"
    if rule.labels.get("team") not in TEAMS:
        yield f"{rule.name}: expected a team of {sorted(TEAMS)}, saw {rule.labels}"
    for name in ("summary", "description"):
        if not rule.annotations.get(name):
            yield f"{rule.name}: expected the annotation {name}, saw none"
    yield from _runbook_faults(rule)


def untested(alerts: Iterable[Rule], checks: Iterable[RuleCheck]) -> Iterator[str]:
    """Yield the alerts, by name and severity, that ``checks`` do not see both fire and silent."""
    seen = list(checks)
    for rule in alerts:
        severity = rule.labels.get("severity", "")
        own = [severity in check.severities for check in seen if check.alert == rule.name]
        if not any(own):
            yield f"{rule.name} ({severity}): no test sees it fire"
        if all(own):
            yield f"{rule.name} ({severity}): no test sees it silent"


def incomplete_alerts() -> list[str]:
    """Return what an alert lacks: a label, an annotation, a runbook."""
    return [fault for rule in _alerts(rules(RULES)) for fault in alert_faults(rule)]


def untested_alerts() -> list[str]:
    """Return the alerts that no test sees fire, and those that no test sees silent."""
    alerts = list(_alerts(rules(RULES)))
    return list(untested(alerts, rule_checks(RULE_TESTS)))


def unused_runbooks() -> list[str]:
    """Return the runbooks that no alert leads to."""
    wanted = {f"{rule.name}.md" for rule in _alerts(rules(RULES))} | {"README.md"}
    return sorted({path.name for path in (ROOT / RUNBOOKS).glob("*.md")} - wanted)


CHECKS = {
    "dashboards that are not what the code makes": stale_dashboards,
    "keys that Grafana's model does not have": foreign_keys,
    "series that nobody exports": unknown_series,
    "alerts without what they need": incomplete_alerts,
    "alerts without a test of both sides": untested_alerts,
    "runbooks without an alert": unused_runbooks,
}


def _alerts(found: Iterable[Rule]) -> Iterator[Rule]:
    return (rule for rule in found if rule.kind == "alert")


def _runbook_faults(rule: Rule) -> Iterator[str]:
    wanted = f"{RUNBOOKS}/{rule.name}.md"
    if rule.annotations.get("runbook_url") != wanted:
        yield f"{rule.name}: expected the runbook_url {wanted}, saw {rule.annotations}"
    elif not (ROOT / wanted).is_file():
        yield f"{rule.name}: expected the runbook {wanted}, saw none"
    else:
        text = (ROOT / wanted).read_text()
        for heading in HEADINGS:
            if heading not in text:
                yield f"{wanted}: expected the heading {heading!r}, saw none"
