"""The chart's manifests, restated for kustomize: without what only helm understands."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from ci.charts.rendering import Manifest, render

# Tests of a release, and what lets them in: `helm test` runs them, and nothing else could.
HELM_ONLY = ("tests/", "network/test-policy.yaml")
SOURCE = re.compile(r"^# Source: alphaline/templates/(\S+)\n", re.MULTILINE)
# A pattern and what takes its place, in the order in which they are applied.
RESTATED = (
    (r"^ *helm\.sh/chart: .*\n", ""),
    (r"app\.kubernetes\.io/managed-by: Helm\b", "app.kubernetes.io/managed-by: kustomize"),
    # Whoever prunes has to leave the same claims that `helm uninstall` leaves.
    (
        r"helm\.sh/resource-policy: keep\b",
        "argocd.argoproj.io/sync-options: Prune=false,Delete=false",
    ),
    # Kustomize names a ConfigMap by its content, so that pods follow a change without a checksum.
    (r"^ *checksum/configuration: .*\n", ""),
    (r"^( *)annotations:\n(?!\1 )", ""),
    # A Job of a revision: kustomize has none.
    (r"^( +name: alphaline-(?:topics|training))-1$", r"\1"),
    # Lines that are empty for a template's sake.
    (r"(annotations|affinity):\n +\n", r"\1:\n"),
    (r"^( *)-\n\1  (?=\S)", r"\1- "),
    (r"^# A Job never changes, hence a name for each revision\.\n", ""),
)


@dataclass(frozen=True)
class Document:
    """One object of the chart.

    Parameters
    ----------
    folder
        The template's folder, which is the component.
    text
        As helm wrote it, restated.
    """

    folder: str
    text: str
    manifest: Manifest

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.manifest["kind"], self.manifest["metadata"]["name"]


def documents(values: Mapping[str, Any], namespace: str) -> list[Document]:
    """Return what the chart renders for ``values``, in its order; LineError if it refuses them."""
    return _rendered(json.dumps(values, sort_keys=True), namespace)


@cache
def _rendered(values: str, namespace: str) -> list[Document]:
    return list(_parsed(render("manifests", json.loads(values), namespace).text))


def _parsed(text: str) -> Iterator[Document]:
    folder = ""
    for part in re.split(r"^---\n", text, flags=re.MULTILINE):
        found = SOURCE.search(part)
        template = found[1] if found else ""
        folder = template.split("/")[0]
        restated = restate(SOURCE.sub("", part))
        manifest = yaml.load(restated, yaml.CSafeLoader)
        if manifest and not template.startswith(HELM_ONLY):
            yield Document(folder, restated, manifest)


def restate(text: str) -> str:
    """Return a manifest as kustomize should have it."""
    for pattern, other in RESTATED:
        text = re.sub(pattern, other, text, flags=re.MULTILINE)
    return f"{text.strip()}\n"
