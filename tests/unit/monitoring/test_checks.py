"""Rules, tests, runbooks and dashboards as they stand, and that every check can fail."""

import json
from itertools import combinations
from typing import Any

import pytest

from ci.monitoring import registry
from ci.monitoring.checks import CHECKS, alert_faults, documents, generated, untested
from ci.monitoring.dashboard_kind import faults
from ci.monitoring.dashboards import PAGES
from ci.monitoring.places import RULES
from ci.monitoring.registry import unknown
from ci.monitoring.rules import Rule, RuleCheck, rules

EXPORTS = {"a_total": frozenset({"service", "topic"}), "b_bucket": frozenset({"le"})}
FLOW = json.loads(generated()["flow.json"])


@pytest.mark.parametrize("name", CHECKS)
def test_what_stands_in_the_repository_has_none(name: str) -> None:
    assert CHECKS[name]() == []


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("rate(a_total[5m])", None),
        ('rate(a_total{topic="x"}[5m])', None),
        ("recorded + theirs", None),
        ("sum by (service) (a_total)", None),
        ("rate(a_totals[5m])", "a_totals is neither"),
        ('rate(a_total{topics="x"}[5m])', "a_total has no label topics"),
        ("sum by (servise) (a_total)", "has the label servise"),
        ("b_sum", "b_sum is neither"),
    ],
)
def test_a_series_or_label_that_nobody_exports_is_named(expression: str, said: str | None) -> None:
    found = unknown(expression, EXPORTS, frozenset({"theirs"}), frozenset({"recorded"}))
    assert (found == []) if said is None else (said in found[0])


def test_a_histogram_is_exported_as_its_three_series() -> None:
    exports = registry.exported()
    assert "le" in exports["line_hop_seconds_bucket"]
    assert "le" not in exports["line_hop_seconds_count"]
    assert "line_hop_seconds" not in exports
    assert {"service", "namespace"} <= exports["line_time_seconds"]


def changed(document: Any, place: list[Any], value: Any) -> Any:
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["panles"], [], "$.panles: the model has no such key"),
        (["panels", 1, "gridPos", "widht"], 3, "widht: the model has no such key"),
        (["panels", 1, "targets", 0, "expresion"], "up", "expresion: the model has no such key"),
        (["title"], 7, "$.title: expected str, saw 7"),
        (["editable"], "no", "$.editable: expected bool"),
        (["panels", 1, "gridPos", "h"], "8", "grid_pos.h: expected int"),
        (["panels", 1, "options", "graphMode"], "lines", "graph_mode: expected BigValueGraphMode"),
        (["panels", 1, "datasource"], {"type": "promethoos"}, "known kind of source"),
        (["panels"], {}, "$"),
    ],
)
def test_what_is_no_dashboard_of_grafana_is_named(place: list[Any], value: Any, said: str) -> None:
    assert faults(FLOW) == []
    found = faults(changed(FLOW, place, value))
    assert any(said in fault for fault in found), found


def test_the_same_code_writes_the_same_bytes() -> None:
    assert generated() == generated()


@pytest.mark.parametrize("name", sorted(documents()))
def test_panels_have_names_of_their_own_and_do_not_cover_each_other(name: str) -> None:
    panels = documents()[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y
        assert one["x"] + one["w"] <= 24


def test_every_service_has_its_page() -> None:
    from alphaline.runtime.supervision.port_table import PREFERRED

    served = {name.removesuffix("_metrics") for name in PREFERRED if name.endswith("_metrics")}
    pages = {page.name for page in PAGES if page.name.startswith("service-")}
    assert pages == {f"service-{name.replace('_', '-')}" for name in served}
    assert len({page.name for page in PAGES}) == len(PAGES)


GOOD = next(rule for rule in rules(RULES) if rule.name == "AlphalineKafkaDown")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": {"severity": "page", "team": "line"}}, "expected a severity"),
        ({"labels": {"severity": "critical", "team": "nobody"}}, "expected a team"),
        ({"annotations": {**GOOD.annotations, "summary": ""}}, "the annotation summary"),
        ({"annotations": {"summary": "s", "description": "d"}}, "expected the runbook_url"),
        ({"name": "AlphalineOther"}, "expected the runbook_url"),
    ],
)
def test_what_an_alert_lacks_is_named(change: dict[str, Any], said: str) -> None:
    assert list(alert_faults(GOOD)) == []
    assert said in " ".join(alert_faults(GOOD._replace(**change)))


def alert(severity: str) -> Rule:
    return Rule("A", "alert", "up == 0", {"severity": severity}, {}, "f.yaml")


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ([("critical",), ()], []),
        ([("critical",)], ["A (critical): no test sees it silent"]),
        ([()], ["A (critical): no test sees it fire"]),
        ([], ["A (critical): no test sees it fire", "A (critical): no test sees it silent"]),
        ([("warning",), ("critical",)], []),
    ],
)
def test_an_alert_needs_a_test_of_both_sides(
    checks: list[tuple[str, ...]], said: list[str]
) -> None:
    assert list(untested([alert("critical")], [RuleCheck("A", each) for each in checks])) == said
