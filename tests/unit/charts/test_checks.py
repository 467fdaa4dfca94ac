"""The chart's checks find what they are there to find: each is given a manifest with one mistake."""

from typing import Any

import pytest

from ci.charts.certificates import misissued
from ci.charts.commands import misspelt
from ci.charts.hardening import ADMITTED, weaknesses
from ci.charts.rendering import Rendered
from ci.charts.schemas import strict
from ci.charts.settings import of_containers, variables
from services.lake_sink.settings import Settings

LABELS = {
    f"app.kubernetes.io/{name}": "lake-sink"
    for name in ("name", "instance", "version", "component", "part-of", "managed-by")
}
CONTEXT: dict[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
PROBE = {"httpGet": {"path": "/live", "port": "metrics"}}


def environment(**changed: str | None) -> list[dict[str, str]]:
    values: dict[str, str | None] = {
        "KAFKA_BOOTSTRAP_SERVERS": "kafka:9092",
        "ALPHALINE_DATA_ROOT": "/data",
        "ALPHALINE_LAKE_ROOT": "/data/lake",
        "ALPHALINE_METRICS_HOST": "0.0.0.0",  # noqa: S104 - what a pod has to listen on
        "ALPHALINE_METRICS_PORT": "9103",
        **changed,
    }
    return [{"name": name, "value": value} for name, value in values.items() if value is not None]


def container(**changed: Any) -> dict[str, Any]:
    return {
        "image": "alphaline/lake-sink:0.1.0",
        "command": ["python", "-m", "services.lake_sink"],
        "env": environment(),
        "ports": [{"name": "metrics", "containerPort": 9103}],
        "startupProbe": PROBE,
        "livenessProbe": PROBE,
        "readinessProbe": PROBE,
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            **CONTEXT,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        **changed,
    }


def pod(of: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": CONTEXT,
        "containers": [of],
        "volumes": [{"name": "data", "emptyDir": {}}],
        **changed,
    }


def rendered(spec: dict[str, Any], *more: dict[str, Any]) -> Rendered:
    made = {"kind": "Pod", "metadata": {"name": "one", "labels": LABELS}, "spec": spec}
    denial = {
        "kind": "NetworkPolicy",
        "metadata": {"name": "line-deny", "labels": LABELS},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/instance": "lake-sink"}},
            "policyTypes": ["Ingress", "Egress"],
        },
    }
    return Rendered("one", "", (made, denial, *more))


def test_a_pod_as_it_should_be_passes_every_check() -> None:
    right = rendered(pod(container()))
    assert list(weaknesses(right)) == []
    assert list(of_containers(right)) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"env": environment(ALPHALINE_FLUSH_ROW="5")}, "ALPHALINE_FLUSH_ROW is no setting"),
        ({"env": environment(ALPHALINE_LAKE_ROOT=None)}, "ALPHALINE_LAKE_ROOT is required"),
        ({"env": environment() + environment()[:1]}, "KAFKA_BOOTSTRAP_SERVERS twice"),
        ({"env": environment(ALPHALINE_FLUSH_ROWS="0")}, "the settings refuse"),
        ({"env": environment(ALPHALINE_METRICS_PORT="9104")}, "expected container ports"),
        ({"env": environment(ALPHALINE_METRICS_HOST="127.0.0.1")}, "listen on every address"),
        ({"env": environment(ALPHALINE_LAKE_ROOT="/lake")}, "lake_root=/lake lies on no volume"),
        (
            {"volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}]},
            "cannot be written",
        ),
        ({"command": ["python", "-m", "services.gateway"]}, "another component's label"),
        ({"readinessProbe": {"httpGet": {"path": "/", "port": "http"}}}, "probes ask"),
    ],
)
def test_a_container_that_differs_from_its_settings_is_found(
    changed: dict[str, Any], said: str
) -> None:
    assert said in "\n".join(of_containers(rendered(pod(container(**changed)))))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (pod(container(), automountServiceAccountToken=True), "no token"),
        (pod(container(), enableServiceLinks=True), "enableServiceLinks"),
        (pod(container(), hostNetwork=True), "no namespace of the host"),
        (pod(container(), securityContext={**CONTEXT, "runAsUser": 0}), "the pod to run as"),
        (pod(container(), volumes=[{"name": "data", "hostPath": {}}]), "no folder of the host"),
        (pod(container(), volumes=[]), "mounts ['data'], which the pod does not have"),
        (pod(container(image="alphaline/lake-sink:latest")), "an image with a version"),
        (pod(container(securityContext=CONTEXT)), "every capability"),
        (pod(container(resources={"requests": {}, "limits": {}})), "a limit of memory"),
        (
            pod(
                container(),
                volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "gone"}}],
            ),
            "mounts claim gone, which nothing makes",
        ),
    ],
)
def test_a_pod_that_is_less_than_restricted_is_found(spec: dict[str, Any], said: str) -> None:
    assert said in "\n".join(weaknesses(rendered(spec)))


def test_a_reader_that_could_keep_a_writer_from_its_volume_is_found() -> None:
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "books", "labels": LABELS}}
    taken = {"persistentVolumeClaim": {"claimName": "books", "readOnly": True}, "name": "data"}
    found = "\n".join(weaknesses(rendered(pod(container(), volumes=[taken]), claim)))
    assert "takes claim books before its writer can" in found


def test_a_service_that_reaches_no_pod_is_found() -> None:
    service = {
        "kind": "Service",
        "metadata": {"name": "lake", "labels": LABELS},
        "spec": {
            "selector": {"app.kubernetes.io/component": "lake-sink"},
            "ports": [{"port": 9103, "targetPort": "metric"}],
        },
    }
    assert "Service lake: no pod listens" in "\n".join(
        weaknesses(rendered(pod(container()), service))
    )


def test_a_rendered_seldon_deployment_with_a_fault_is_found() -> None:
    predictor = {
        "name": "main",
        "traffic": 60,
        "componentSpecs": [
            {"metadata": {"labels": LABELS}, "spec": pod({**container(), "name": "server"})}
        ],
        "graph": {"name": "server"},
    }
    deployment = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "model", "labels": LABELS},
        "spec": {"protocol": "v2", "predictors": [predictor]},
    }
    assert "a sum of 100" in "\n".join(weaknesses(rendered(pod(container()), deployment)))


@pytest.mark.parametrize("name", ["topicOperatorContainer", "userOperatorContainer"])
def test_a_pod_of_strimzis_that_the_namespace_would_not_admit_is_found(name: str) -> None:
    template = {
        each: {"securityContext": ADMITTED}
        for each in ("topicOperatorContainer", "userOperatorContainer")
    }
    kafka = {
        "kind": "Kafka",
        "metadata": {"name": "alphaline", "labels": LABELS},
        "spec": {"entityOperator": {"topicOperator": {}, "userOperator": {}, "template": template}},
    }
    assert list(weaknesses(rendered(pod(container()), kafka))) == []
    del template[name]
    (problem,) = weaknesses(rendered(pod(container()), kafka))
    assert f"Kafka: {name}" in problem


def test_an_object_of_a_definition_takes_no_undeclared_key() -> None:
    schema = {
        "properties": {
            "properties": {"type": "object", "additionalProperties": {"type": "string"}},
            "port": {"x-kubernetes-int-or-string": True},
            "open": {"properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True},
            "items": {"items": {"properties": {"b": {"type": "string", "nullable": True}}}},
        }
    }
    made = strict(schema)
    assert made["additionalProperties"] is False
    assert made["properties"]["port"] == {"type": ["integer", "string"]}
    assert "additionalProperties" not in made["properties"]["open"]
    assert made["properties"]["properties"]["additionalProperties"] == {"type": "string"}
    inner = made["properties"]["items"]["items"]
    assert inner["additionalProperties"] is False
    assert inner["properties"]["b"]["type"] == ["string", "null"]


def test_variables_are_those_that_settings_are_read_from() -> None:
    found = variables(Settings)
    assert found["KAFKA_BOOTSTRAP_SERVERS"]
    assert found["ALPHALINE_LAKE_ROOT"]
    assert not found["ALPHALINE_FLUSH_ROWS"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["topics"], ""),
        (["topic"], "alphaline has no command topic"),
        (["topics", "--create"], "No such option"),
        (["train"], "Missing option '--data-root'"),
        (["train", "--data-root", "/data", "--first", "yesterday"], "Invalid value for '--first'"),
    ],
)
def test_a_command_that_alphaline_would_refuse_is_found(command: list[str], said: str) -> None:
    job = {**container(), "command": ["python", "-m", "alphaline.cli", *command]}
    found = "\n".join(misspelt(rendered(pod(job))))
    assert said in found
    assert bool(found) is bool(said)


def test_a_variable_that_seldons_operator_sets_too_is_found() -> None:
    set_by_us = environment(PREDICTIVE_UNIT_METRICS_SERVICE_PORT="9103")
    spec = {"metadata": {"labels": LABELS}, "spec": pod(container(env=set_by_us))}
    predictor = {"name": "main", "componentSpecs": [spec], "graph": {"name": "server"}}
    deployment = {
        "kind": "SeldonDeployment",
        "metadata": {"name": "model", "labels": LABELS},
        "spec": {"protocol": "seldon", "predictors": [predictor]},
    }
    found = "\n".join(of_containers(rendered(pod(container()), deployment)))
    assert "PREDICTIVE_UNIT_METRICS_SERVICE_PORT twice" in found


def certificate(**changed: Any) -> dict[str, Any]:
    return {
        "kind": "Certificate",
        "apiVersion": "cert-manager.io/v1",
        "metadata": {"name": "lake", "labels": LABELS},
        "spec": {
            "secretName": "lake-tls",
            "dnsNames": ["lake"],
            "usages": ["digital signature", "server auth", "client auth"],
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "duration": "2160h",
            "renewBefore": "720h",
            "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": "ca"},
            **changed,
        },
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"secretNames": "lake-tls"}, "expected the keys"),
        ({"dnsNames": ["sea"]}, "sea is the name of no Service"),
        ({"usages": ["server auth"]}, "expected usages ['client auth', 'server auth']"),
        ({"privateKey": {"algorithm": "RSA"}}, "expected the private key"),
        ({"issuerRef": {"group": "cert-manager.io", "kind": "issuer", "name": "ca"}}, "an issuer"),
        ({"secretName": "sea-tls"}, "nobody mounts sea-tls"),
        ({"secretName": "sea-tls"}, "mounts lake-tls, which no Certificate makes"),
    ],
)
def test_a_certificate_that_would_not_serve_is_found(changed: dict[str, Any], said: str) -> None:
    service = {"kind": "Service", "metadata": {"name": "lake", "labels": LABELS}, "spec": {}}
    volume = {"name": "tls", "secret": {"secretName": "lake-tls"}}
    shown = rendered(pod(container(), volumes=[volume]), service, certificate(**changed))
    found = "\n".join(misissued(shown))
    assert said in found
    assert bool(found) is bool(said)
