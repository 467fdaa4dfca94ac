"""The metric registry as a document for people, dashboards and alerts."""

import yaml

from alphaline.runtime.telemetry import LATENCY_BUCKETS, METRICS, Metric

HEADER = """\
# Every metric of the line. Generated from alphaline.runtime.telemetry by `alphaline contracts --write`.
# Each has the label `service` as well; histograms count seconds in the same buckets.
"""


def telemetry_contract() -> str:
    """Return ``contracts/telemetry.yaml``: name, kind, unit, meaning and labels of every metric."""
    document = {
        "buckets_seconds": list(LATENCY_BUCKETS),
        "metrics": [_entry(metric) for metric in METRICS.values()],
    }
    return HEADER + yaml.safe_dump(document, sort_keys=False, width=100)


def _entry(metric: Metric) -> dict[str, object]:
    return {
        "name": metric.name,
        "kind": metric.kind,
        "unit": metric.unit,
        "meaning": metric.meaning,
        "labels": ["service", *metric.labels],
    }
