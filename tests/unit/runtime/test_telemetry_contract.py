import pytest
import yaml

from alphaline.runtime.supervision.port_table import PREFERRED
from alphaline.runtime.telemetry import METRICS
from alphaline.runtime.telemetry_contract import telemetry_contract
from tests.line_values import ROOT

SCRAPED = yaml.safe_load((ROOT / "deploy/local/prometheus.yml").read_text())["scrape_configs"]


def test_the_contract_has_every_metric_with_its_unit_and_labels() -> None:
    metrics = yaml.safe_load(telemetry_contract())["metrics"]
    assert {metric["name"] for metric in metrics} == set(METRICS)
    for metric in metrics:
        declared = METRICS[metric["name"]]
        assert metric["labels"] == ["service", *declared.labels]
        assert (metric["kind"], metric["unit"]) == (declared.kind, declared.unit)


def test_every_scrape_job_is_a_service_at_its_preferred_port() -> None:
    for job in SCRAPED:
        assert (ROOT / "services" / job["job_name"] / "__main__.py").is_file()
        (target,) = (name for part in job["static_configs"] for name in part["targets"])
        assert target == f"127.0.0.1:{PREFERRED[job['job_name'] + '_metrics']}"


def test_every_service_with_metrics_is_scraped() -> None:
    served = {name.removesuffix("_metrics") for name in PREFERRED if name.endswith("_metrics")}
    assert {job["job_name"] for job in SCRAPED} == served


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_asked_for_by_the_code(name: str) -> None:
    sources = [*ROOT.glob("services/**/*.py"), *ROOT.glob("src/alphaline/runtime/*.py")]
    asking = [path for path in sources if f'"{name}"' in path.read_text()]
    assert [path.name for path in asking if path.name != "telemetry.py"] != []
