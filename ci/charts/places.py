"""Where chart, schemas and programs of the chart's checks lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/alphaline"
CRDS = ROOT / "deploy/crds"
SCHEMAS = ROOT / ".tools/schemas"
PROGRAMS = ROOT / ".tools/go/bin"
STRATEGIES = ROOT / "strategies"
MONITORING = ROOT / "deploy/monitoring"
