"""The training pipeline as a Kubeflow takes it: its steps, and what their pods are."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from pipelines.kubeflow.steps import Resources, SecretVariable, Steps
from pipelines.training import compiled

UNITS = {
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    **{f"{letter}i": 2.0 ** (10 * power) for power, letter in enumerate("KMGT", start=1)},
}
# Half of a hash tells the versions of one pipeline apart, and is still read by people.
VERSION_LETTERS = 16


def deployed(steps: Steps) -> str:
    """Return the training pipeline as a Kubeflow takes it: its steps, and their pods, as YAML.

    The first document is the compiled pipeline with the image, the variables and the resources of
    its steps; the second is the part that only Kubernetes reads.
    """
    pipeline = yaml.safe_load(compiled())
    executors = pipeline["deploymentSpec"]["executors"]
    for executor in executors.values():
        executor["container"] |= _container(steps)
    pods = {label: _pod(steps) for label in executors}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": pods}}}}
    return yaml.dump_all([pipeline, platform], Dumper=_WithoutAliases, sort_keys=True)


def version(document: str) -> str:
    """Return the name of a pipeline's version: the same for the same content."""
    return hashlib.sha256(document.encode()).hexdigest()[:VERSION_LETTERS]


def _container(steps: Steps) -> dict[str, Any]:
    made: dict[str, Any] = {"image": steps.image}
    if steps.environment:
        made["env"] = [{"name": n, "value": v} for n, v in sorted(steps.environment.items())]
    resources = _resources(steps.resources)
    return {**made, "resources": resources} if resources else made


def _resources(resources: Resources) -> dict[str, Any]:
    # Each twice: servers before the fields of strings read numbers, of cores and of gigabytes.
    made: dict[str, Any] = {}
    for key, text in msgspec.to_builtins(resources).items():
        if text:
            made[f"resource{key[0].upper()}{key[1:]}"] = text
            made[key] = _cores(text) if key.startswith("cpu") else _gigabytes(text)
    return made


def _cores(text: str) -> float:
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def _gigabytes(text: str) -> float:
    number = text.rstrip("kMGTi")
    return float(number) * UNITS[text.removeprefix(number)] / 1e9


def _pod(steps: Steps) -> dict[str, Any]:
    made = {
        "imagePullPolicy": steps.pull_policy,
        "imagePullSecret": [_named("secretName", one) for one in steps.pull_secrets],
        "podMetadata": {"labels": steps.labels} if steps.labels else {},
        "pvcMount": [
            {**_named("pvcName", one.name, old="constant"), "mountPath": one.path}
            for one in steps.claims
        ],
        "secretAsEnv": [_secret(one) for one in steps.secrets],
    }
    return {key: value for key, value in made.items() if value}


def _secret(one: SecretVariable) -> dict[str, Any]:
    key = {"secretKey": one.item, "envVar": one.name}
    return {**_named("secretName", one.secret), "keyToEnv": [key], "optional": False}


def _named(field: str, name: str, old: str = "") -> Mapping[str, Any]:
    # Twice as well: the older field, and the one that may also be a parameter of the pipeline.
    return {old or field: name, f"{field}Parameter": {"runtimeValue": {"constant": name}}}


class _WithoutAliases(yaml.SafeDumper):
    """Writes equal parts out: not every reader of YAML resolves references."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml's signature
        return True
