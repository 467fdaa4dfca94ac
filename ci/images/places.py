"""Where the images' sources and results lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = ROOT / "deploy/images"
LOCKS = ROOT / "requirements/images"
CHART = ROOT / "deploy/helm/alphaline/Chart.yaml"
RESULTS = ROOT / "var/images"
BROKER_FILES = RESULTS / "broker"
POM = ROOT / "deploy/local/broker/pom.xml"
