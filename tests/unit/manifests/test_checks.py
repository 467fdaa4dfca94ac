"""The checks of the kustomizations find what they are there to find: each is given one mistake."""

import copy
import re
from typing import Any

import pytest
import yaml

from ci.charts.rendering import Rendered
from ci.manifests import argocd, equality
from ci.manifests.chart import Document, restate
from ci.manifests.combinations import (
    COMPONENTS_OF_CHART,
    ORDER,
    OVERLAYS,
    REFUSED,
    combinations,
    merged,
    values_of,
)
from ci.manifests.places import ARGOCD, BASE, COMPONENTS, K8S
from ci.manifests.places import OVERLAYS as FOLDER

POLICY: dict[str, Any] = {
    "kind": "NetworkPolicy",
    "metadata": {"name": "alphaline-deny", "namespace": "alphaline"},
    "spec": {"policyTypes": ["Ingress", "Egress"]},
}
LIMITS: dict[str, Any] = {
    "kind": "ConfigMap",
    "metadata": {"name": "alphaline-limits", "namespace": "alphaline"},
    "data": {"limits.yaml": "order_quantity: 1000"},
}
NAMESPACE = {"kind": "Namespace", "metadata": {"name": "alphaline"}}
NAMED = {**LIMITS, "metadata": {**LIMITS["metadata"], "name": "alphaline-limits-7fd9dg2td9"}}


def differences(monkeypatch: pytest.MonkeyPatch, *built: dict[str, Any]) -> list[str]:
    chart = [Document("network", "", POLICY), Document("risk-management", "", LIMITS)]
    monkeypatch.setattr(equality, "documents", lambda _values, _namespace: chart)
    return list(equality.differences(Rendered("base", "", built), {}, "alphaline"))


def test_what_only_kustomize_has_and_names_by_content_are_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert differences(monkeypatch, POLICY, NAMED, NAMESPACE) == []


@pytest.mark.parametrize(
    ("built", "said"),
    [
        ((POLICY,), "lacks ConfigMap alphaline-limits"),
        ((POLICY, NAMED, {**POLICY, "metadata": {"name": "other"}}), "has NetworkPolicy other"),
        (
            ({**POLICY, "spec": {"policyTypes": ["Ingress"]}}, NAMED),
            "/spec/policyTypes: the chart says ['Ingress', 'Egress']",
        ),
        (
            (POLICY, {**NAMED, "data": {"limits.yaml": "order_quantity: 2000"}}),
            "/data/limits.yaml: the chart says 'order_quantity: 1000'",
        ),
        (
            (POLICY, {**NAMED, "metadata": {**NAMED["metadata"], "namespace": "other"}}),
            "/metadata/namespace",
        ),
    ],
)
def test_a_drift_from_the_chart_is_found(
    monkeypatch: pytest.MonkeyPatch, built: tuple[dict[str, Any], ...], said: str
) -> None:
    (problem,) = differences(monkeypatch, *built)
    assert said in problem


def test_a_manifest_is_restated_without_what_only_helm_understands() -> None:
    text = (
        "metadata:\n  name: alphaline-topics-1\n  labels:\n    helm.sh/chart: alphaline-0.1.0\n"
        "    app.kubernetes.io/managed-by: Helm\n  annotations:\n"
        "    checksum/configuration: 0123456789abcdef\nspec: {}\n"
    )
    assert yaml.safe_load(restate(text)) == {
        "metadata": {
            "name": "alphaline-topics",
            "labels": {"app.kubernetes.io/managed-by": "kustomize"},
        },
        "spec": {},
    }


def test_annotations_beside_a_checksum_stay() -> None:
    text = "annotations:\n    checksum/configuration: 01\n    prometheus.io/scrape: 'true'\n"
    assert yaml.safe_load(restate(text)) == {"annotations": {"prometheus.io/scrape": "true"}}


def test_combinations_keep_the_order_and_hold_nothing_that_is_refused() -> None:
    seen = list(combinations())
    assert len(seen) == len(set(seen)) == 2 * 4 * 4 * 3 * 2 + 3 * 2 * 8
    for one in seen:
        assert list(one) == sorted(one, key=ORDER.index)
        assert not any(set(refused) <= set(one) for refused in REFUSED if len(set(refused)) > 1)
    assert {name for one in seen for name in one} == set(ORDER)


def test_every_component_has_its_folder_and_its_place_in_the_order() -> None:
    assert {path.name for path in COMPONENTS.iterdir() if path.is_dir()} == set(ORDER)
    assert set(ORDER) >= COMPONENTS_OF_CHART.keys()


def test_values_of_two_components_are_merged_key_by_key() -> None:
    assert merged({"kafka": {"mode": "a", "partitions": 2}}, {"kafka": {"mode": "b"}}) == {
        "kafka": {"mode": "b", "partitions": 2}
    }
    assert values_of(["strimzi", "canary"]).keys() == {"kafka", "delivery"}


def test_overlays_list_components_in_their_order() -> None:
    assert {path.name for path in FOLDER.iterdir()} == OVERLAYS.keys()
    for name, (namespace, _values) in OVERLAYS.items():
        listing = yaml.safe_load((FOLDER / name / "kustomization.yaml").read_text())
        listed = [path.rpartition("/")[2] for path in listing["components"]]
        assert listed == sorted(listed, key=ORDER.index)
        assert listing["namespace"] == namespace


def test_no_patch_file_removes_two_objects() -> None:
    # kubectl 1.33 ends with a panic at the second one.
    for path in COMPONENTS.rglob("*.yaml"):
        documents = [one for one in yaml.safe_load_all(path.read_text()) if isinstance(one, dict)]
        assert sum("$patch" in one for one in documents) == 0 or len(documents) == 1, path


def test_replacements_name_their_targets_in_whole() -> None:
    # The kustomize in kubectl 1.33 reads a pattern there as a name, finds nothing, and says nothing.
    for path in K8S.rglob("kustomization.yaml"):
        for one in yaml.safe_load(path.read_text()).get("replacements", ()):
            selectors = [
                each
                for target in one["targets"]
                for each in (target["select"], *target.get("reject", ()))
            ]
            words = [each[key] for each in selectors for key in each]
            assert all(re.fullmatch(r"[A-Za-z0-9.-]+", word) for word in words), path


def test_a_namespace_admits_restricted_pods_only() -> None:
    labels = yaml.safe_load((BASE / "namespace.yaml").read_text())["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_repository_is_said_in_one_place() -> None:
    saying = [p for p in ARGOCD.rglob("*.yaml") if argocd.PLACEHOLDER in p.read_text()]
    assert saying == [ARGOCD / "repository/repository.yaml"]


def made(kind: str, component: str, number: int, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1" if kind == "PersistentVolumeClaim" else "apps/v1",
        "kind": kind,
        "metadata": {
            "name": component,
            "labels": {"app.kubernetes.io/component": component},
            "annotations": {argocd.WAVE: str(number)},
        },
        "spec": spec,
    }


def environment() -> list[dict[str, Any]]:
    return [
        made("StatefulSet", "kafka", 0),
        made("PersistentVolumeClaim", "store", 2),
        made("Deployment", "model-serving", 2, volumes=[{"claim": {"claimName": "store"}}]),
        made("StatefulSet", "risk-management", 3, volumes=[{"claim": {"claimName": "store"}}]),
    ]


def told(manifests: list[dict[str, Any]]) -> argocd.Project:
    where = {"server": "https://kubernetes.default.svc", "namespace": "alphaline-dev"}
    application = {
        "spec": {
            "project": "alphaline-dev",
            "destination": where,
            "source": {"path": "deploy/k8s/overlays/dev"},
        }
    }
    kinds = [("", "PersistentVolumeClaim"), ("apps", "StatefulSet"), ("apps", "Deployment")]
    project = {
        "metadata": {"name": "alphaline-dev"},
        "spec": {
            "destinations": [where],
            "clusterResourceWhitelist": [],
            "namespaceResourceWhitelist": [{"group": g, "kind": kind} for g, kind in kinds],
        },
    }
    return argocd.Project(Rendered("dev", "", tuple(manifests)), application, project)


def overlay(manifests: list[dict[str, Any]]) -> Rendered:
    bare = copy.deepcopy(manifests)
    for one in bare:
        del one["metadata"]["annotations"]
    return Rendered("dev", "", tuple(bare))


def problems(of: argocd.Project, expected: list[dict[str, Any]] | None = None) -> str:
    return "\n".join(argocd.of_environment("dev", overlay(expected or environment()), of))


def test_an_environment_as_it_should_be_passes() -> None:
    assert problems(told(environment())) == ""


@pytest.mark.parametrize(
    ("number", "wave", "said"),
    [
        (3, 2, "risk-management in wave 2: expected it after model-serving"),
        (0, 5, "model-serving in wave 2: expected it after kafka, in 5"),
        (1, 0, "claim store in wave 0: expected that of its first pod, 2"),
        (1, 3, "claim store in wave 3: expected that of its first pod, 2"),
    ],
)
def test_an_order_that_cannot_end_is_found(number: int, wave: int, said: str) -> None:
    manifests = environment()
    manifests[number]["metadata"]["annotations"][argocd.WAVE] = str(wave)
    assert said in problems(told(manifests))


def test_an_object_without_a_wave_or_unlike_the_overlay_is_found() -> None:
    manifests = environment()
    del manifests[0]["metadata"]["annotations"][argocd.WAVE]
    manifests[2]["spec"]["replicas"] = 2
    found = problems(told(manifests))
    assert "StatefulSet kafka: expected a wave" in found
    assert "Deployment model-serving: differs from the overlay's" in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda project: project["namespaceResourceWhitelist"].pop(),
            "lacks ('apps', 'Deployment')",
        ),
        (
            lambda project: project["namespaceResourceWhitelist"].append(
                {"group": "", "kind": "Secret"}
            ),
            "has ('', 'Secret'), never used",
        ),
        (
            lambda project: project["destinations"].append({"server": "*", "namespace": "*"}),
            "destination",
        ),
    ],
)
def test_a_project_with_other_rights_than_it_needs_is_found(change: Any, said: str) -> None:
    of = told(environment())
    change(of.project["spec"])
    assert said in problems(of)


def test_an_application_outside_of_its_project_or_without_a_folder_is_found() -> None:
    of = told(environment())
    of.application["spec"] |= {"project": "default", "source": {"path": "deploy/k8s/nowhere"}}
    found = problems(of)
    assert "expected the application in its own project, saw default" in found
    assert "deploy/k8s/nowhere: expected a kustomization" in found


def test_another_repository_is_found() -> None:
    other = {"kind": "Application", "metadata": {"name": "x"}, "spec": {"source": {"repoURL": "y"}}}
    assert list(argocd.of_repository([other])) == [
        "Application x: names ['y'], not the one repository"
    ]
