"""Where rules, dashboards and runbooks lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy/monitoring"
RULES = MONITORING / "rules"
RULE_TESTS = MONITORING / "rule_tests"
DASHBOARDS = MONITORING / "dashboards"
ROUTES = MONITORING / "alertmanager.yaml"
PLATFORM_METRICS = MONITORING / "platform_metrics.yaml"
REGISTRY = ROOT / "contracts/telemetry.yaml"
RUNBOOKS = "docs/operations/runbooks"
