"""Manifests of the chart for given values, as helm renders them."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from alphaline.errors import LineError
from ci.charts.places import CHART, PROGRAMS

# The names that `helm install alphaline` gives: pods would get ALPHALINE_* variables of services.
RELEASE = "alphaline"
NAMESPACE = "trading"
SECRET = "alphaline-signing"  # noqa: S105 - a name
# The least that an install has to say.
LEAST: Mapping[str, Any] = {"signing": {"existingSecret": SECRET}}
# What Seldon's operator appends to the variables of a model server.
METRICS_OF_OPERATOR = "PREDICTIVE_UNIT_METRICS_SERVICE_PORT"
WORKLOADS = ("Deployment", "StatefulSet", "Job")

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What one set of values gives.

    Parameters
    ----------
    name
        Of the set of values.
    text
        The manifests as helm wrote them.
    """

    name: str
    text: str
    manifests: tuple[Manifest, ...]

    def of_kind(self, *kinds: str) -> list[Manifest]:
        """Return the manifests of some kinds."""
        return [manifest for manifest in self.manifests if manifest["kind"] in kinds]

    def named(self, kind: str, name: str) -> Manifest | None:
        """Return the manifest of that kind and name, None where there is none."""
        found = [one for one in self.of_kind(kind) if one["metadata"]["name"] == name]
        return found[0] if found else None

    def pods(self) -> Iterator[tuple[str, Mapping[str, str], Manifest]]:
        """Yield name, labels and specification of the pods of every object that makes some."""
        for manifest in self.manifests:
            name = f"{manifest['kind']} {manifest['metadata']['name']}"
            spec: Manifest = manifest.get("spec", {})
            if manifest["kind"] in WORKLOADS:
                yield name, spec["template"]["metadata"]["labels"], _with_claims(spec)
            elif manifest["kind"] == "Pod":
                yield name, manifest["metadata"]["labels"], spec
            elif manifest["kind"] == "SeldonDeployment":
                for predictor in spec["predictors"]:
                    for part in predictor["componentSpecs"]:
                        yield name, part["metadata"]["labels"], _as_made_by_seldon(part["spec"])
            elif manifest["kind"] == "InferenceService":
                yield name, spec["predictor"]["labels"], spec["predictor"]


def _as_made_by_seldon(pod: Manifest) -> Manifest:
    # Appended whether it is there or not, so that one of ours would be there twice.
    containers = [
        {
            **container,
            "env": [
                *container["env"],
                {"name": METRICS_OF_OPERATOR, "value": str(port["containerPort"])},
            ],
        }
        for container in pod["containers"]
        for port in container["ports"]
        if port["name"] == "metrics"
    ]
    return {**pod, "containers": containers}


def _with_claims(spec: Manifest) -> Manifest:
    claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())]
    pod = spec["template"]["spec"]
    return {**pod, "volumes": [*pod.get("volumes", ()), *({"name": name} for name in claims)]}


def render(name: str, values: Mapping[str, Any], namespace: str = NAMESPACE) -> Rendered:
    """Return the manifests for ``values`` on top of the least that an install says.

    Raises
    ------
    LineError
        If helm refuses them.
    """
    done = _template({**LEAST, **values}, namespace)
    if done.returncode:
        raise LineError(f"values {name}: expected manifests, helm said: {done.stderr.strip()}")
    parsed = yaml.load_all(done.stdout, yaml.CSafeLoader)
    return Rendered(name, done.stdout, tuple(one for one in parsed if one))


def refusal(values: Mapping[str, Any]) -> str:
    """Return why helm refuses ``values``; empty where it does not."""
    done = _template(values, NAMESPACE)
    return done.stderr.strip() if done.returncode else ""


def _template(values: Mapping[str, Any], namespace: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / "helm"), "template", RELEASE, str(CHART), "--namespace", namespace]
    return subprocess.run(
        [*command, "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
