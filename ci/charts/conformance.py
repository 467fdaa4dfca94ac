"""Strict validation by kubeconform, against Kubernetes' schemas and those of the vendored CRDs."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from alphaline.errors import LineError
from ci.charts.certificates import UNDESCRIBED
from ci.charts.core2 import models_of
from ci.charts.places import PROGRAMS, SCHEMAS
from ci.charts.rendering import Rendered

OWN = "{{.ResourceKind}}{{.KindSuffix}}.json"
CUSTOM = "{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"

# A text that stands in a manifest of each kind of schema, and what makes a mistake of it.
PLANTED = (
    ("kind: Deployment", "  replicas: 1", "  replica: 1"),
    ("kind: NetworkPolicy", "policyTypes:", "policyType:"),
    ("kind: Kafka", "  entityOperator:", "  entityOperators:"),
    ("kind: KafkaTopic", "  partitions: ", "  partitions: x"),
    ("kind: KafkaUser", "  authorization:", "  authorisation:"),
    ("kind: SeldonDeployment", "      traffic: 100", "      traffics: 100"),
    ("kind: ScaledObject", "  minReplicaCount:", "  minReplicas:"),
    ("kind: HorizontalPodAutoscaler", "  minReplicas:", "  minReplica:"),
    ("kind: InferenceService", "    minReplicas: 1", "    minReplica: 1"),
    ("kind: Server", "  capabilities:", "  capability:"),
    ("kind: ServiceMonitor", "    - port: metrics", "    - ports: metrics"),
)


def refused(rendered: Sequence[Rendered], version: str) -> tuple[int, list[str]]:
    """Return how many manifests were validated, and what is wrong with which."""
    # What a delivery will apply stands in a ConfigMap, and is judged as what it will be.
    applied = [yaml.safe_dump(model) for one in rendered for model in models_of(one.manifests)]
    answer = _kubeconform("\n---\n".join([*(one.text for one in rendered), *applied]), version)
    summary = answer["summary"]
    problems = [
        f"Kubernetes {version}: {one['kind']} {one['name']}: {one['msg']}"
        for one in answer.get("resources") or ()
    ]
    undescribed = sum(len(one.of_kind(*UNDESCRIBED)) for one in rendered)
    if summary["skipped"] != undescribed:
        skipped = summary["skipped"] - undescribed
        problems.append(f"Kubernetes {version}: {skipped} manifests had no schema")
    return summary["valid"], problems


def unseen(rendered: Sequence[Rendered], version: str) -> Iterator[str]:
    """Yield planted mistakes that validation did not see: a check that cannot fail checks nothing."""
    texts = [text for one in rendered for text in one.text.split("\n---\n")]
    for kind, right, wrong in PLANTED:
        found = [text for text in texts if f"{kind}\n" in f"{text}\n" and right in text]
        if not found:
            yield f"{kind.strip()}: no rendered manifest has {right.strip()}"
        elif _kubeconform(found[0].replace(right, wrong, 1), version)["summary"]["invalid"] != 1:
            yield f"{kind.strip()}: {wrong.strip()} was not refused"


def _kubeconform(text: str, version: str) -> dict[str, Any]:
    command = [str(PROGRAMS / "kubeconform"), "-strict", "-summary", "-output", "json"]
    command += ["-skip", ",".join(UNDESCRIBED)]
    places = (SCHEMAS / version / OWN, SCHEMAS / "custom" / CUSTOM)
    locations = [word for place in places for word in ("-schema-location", str(place))]
    done = subprocess.run(
        [*command, *locations], input=text, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        raise LineError(f"kubeconform: expected an answer, saw: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
