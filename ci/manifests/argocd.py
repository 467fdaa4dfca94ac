"""Argo CD's objects: whether they apply what the overlays say, in an order that can end, with no more rights."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ci.charts.places import ROOT
from ci.charts.rendering import Manifest, Rendered
from ci.manifests.combinations import OVERLAYS

WAVE = "argocd.argoproj.io/sync-wave"
# Annotations that say how Argo CD applies an object, and nothing about the object.
OF_ARGO_CD = "argocd.argoproj.io/"
# Components in the order in which they have to come up: whoever is asked stands before whoever asks.
FLOW = (
    *("kafka", "topics", "model-serving", "risk-management", "paper-trading", "signal-generation"),
    *("gateway", "market-data"),
)
CLUSTER_WIDE = {("", "Namespace"), ("scheduling.k8s.io", "PriorityClass")}
PLACEHOLDER = "https://git.example.org/alphaline.git"


class Project(NamedTuple):
    """An environment, as Argo CD is told it: what it renders, its Application and its AppProject."""

    environment: Rendered
    application: Manifest
    project: Manifest


def of_environment(name: str, overlay: Rendered, told: Project) -> Iterator[str]:
    """Yield what is wrong with an environment."""
    problems = (
        *_same(overlay, told.environment),
        *_waves(told.environment),
        *_claims(told.environment),
        *_rights(told.environment, told.project),
        *_place(name, told),
    )
    yield from (f"{name}: {problem}" for problem in problems)


def _same(overlay: Rendered, environment: Rendered) -> Iterator[str]:
    expected, seen = _without_annotations(overlay), _without_annotations(environment)
    for key in sorted(expected.keys() | seen.keys()):
        if expected.get(key) != seen.get(key):
            yield f"{' '.join(key)}: differs from the overlay's"


def _without_annotations(rendered: Rendered) -> dict[tuple[str, str], Manifest]:
    return {(one["kind"], one["metadata"]["name"]): _bare(one) for one in rendered.manifests}


def _bare(manifest: Manifest) -> Manifest:
    annotations = manifest["metadata"].get("annotations", {})
    kept = {key: value for key, value in annotations.items() if not key.startswith(OF_ARGO_CD)}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": kept}}


def wave(manifest: Manifest) -> int | None:
    """Return the wave of a manifest; None where it says none."""
    said = manifest["metadata"].get("annotations", {}).get(WAVE)
    return None if said is None else int(said)


def _waves(environment: Rendered) -> Iterator[str]:
    for one in environment.manifests:
        if wave(one) is None:
            yield f"{one['kind']} {one['metadata']['name']}: expected a wave, saw none"
    waves = [
        (component, _waves_of(environment, component))
        for component in FLOW
        if _waves_of(environment, component)
    ]
    for (before, first), (after, second) in pairwise(waves):
        if max(first) >= min(second):
            yield f"{after} in wave {min(second)}: expected it after {before}, in {max(first)}"


def _waves_of(environment: Rendered, component: str) -> list[int]:
    """Return the waves of what makes a component run."""
    kinds = ("Deployment", "StatefulSet", "Job", "Kafka", "SeldonDeployment", "InferenceService")
    return [
        number
        for one in environment.of_kind(*kinds)
        if one["metadata"]["labels"]["app.kubernetes.io/component"] == component
        and (number := wave(one)) is not None
    ]


def _claims(environment: Rendered) -> Iterator[str]:
    # A claim that binds with its first pod is pending until then, and a wave waits for its claims.
    for claim in environment.of_kind("PersistentVolumeClaim"):
        name = claim["metadata"]["name"]
        mounting = [
            wave(one)
            for one in environment.manifests
            if one["kind"] not in ("PersistentVolumeClaim", "NetworkPolicy") and _mounts(one, name)
        ]
        first = min((number for number in mounting if number is not None), default=None)
        if first != wave(claim):
            yield f"claim {name} in wave {wave(claim)}: expected that of its first pod, {first}"


def _mounts(value: object, claim: str) -> bool:
    if isinstance(value, Mapping):
        return value.get("claimName") == claim or any(_mounts(one, claim) for one in value.values())
    return isinstance(value, list) and any(_mounts(one, claim) for one in value)


def _rights(environment: Rendered, project: Manifest) -> Iterator[str]:
    needed = {_kind(one) for one in environment.manifests}
    for field, kinds in (
        ("clusterResourceWhitelist", needed & CLUSTER_WIDE),
        ("namespaceResourceWhitelist", needed - CLUSTER_WIDE),
    ):
        allowed = [(one["group"], one["kind"]) for one in project["spec"][field]]
        yield from (f"{field} lacks {kind}" for kind in sorted(kinds - set(allowed)))
        yield from (f"{field} has {kind}, never used" for kind in sorted(set(allowed) - kinds))


def _kind(manifest: Manifest) -> tuple[str, str]:
    group, _, _version = manifest["apiVersion"].rpartition("/")
    return group, manifest["kind"]


def _place(name: str, told: Project) -> Iterator[str]:
    namespace, _values = OVERLAYS[name]
    spec, project = told.application["spec"], told.project
    where = {"server": "https://kubernetes.default.svc", "namespace": namespace}
    if spec["destination"] != where or project["spec"]["destinations"] != [where]:
        yield f"expected application and project to have the destination {where} alone"
    if spec["project"] != project["metadata"]["name"]:
        yield f"expected the application in its own project, saw {spec['project']}"
    if not (ROOT / spec["source"]["path"] / "kustomization.yaml").exists():
        yield f"{spec['source']['path']}: expected a kustomization, saw none"
    for one in project["spec"]["clusterResourceWhitelist"]:
        if one["name"] not in (namespace, f"{namespace}-*"):
            yield f"{one['kind']} {one['name']}: expected names of {namespace} alone"


def of_repository(objects: Sequence[Manifest]) -> Iterator[str]:
    """Yield every object that names another repository than the one place where it is said."""
    for one in objects:
        spec = one["spec"]
        said = spec["sourceRepos"] if one["kind"] == "AppProject" else [spec["source"]["repoURL"]]
        if said != [PLACEHOLDER]:
            yield f"{one['kind']} {one['metadata']['name']}: names {said}, not the one repository"
