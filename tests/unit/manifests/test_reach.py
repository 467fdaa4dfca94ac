"""Policies are held against what pods are told to ask: too narrow and too wide are both found."""

import copy
from typing import Any

import pytest

from ci.charts.rendering import Rendered
from ci.manifests.reach import disagreements


def labels(component: str) -> dict[str, str]:
    return {"app.kubernetes.io/component": component}


def selector(component: str) -> dict[str, Any]:
    return {"matchLabels": labels(component)}


def deployment(component: str, port: int, **variables: str) -> dict[str, Any]:
    container = {
        "command": ["python", "-m", "services.one"],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "ports": [{"containerPort": port}],
    }
    template = {"metadata": {"labels": labels(component)}, "spec": {"containers": [container]}}
    return {
        "kind": "Deployment",
        "metadata": {"name": f"alphaline-{component}"},
        "spec": {"template": template},
    }


def service(component: str) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": f"alphaline-{component}"},
        "spec": {"selector": labels(component)},
    }


def policy(of: str, field: str, peers: list[dict[str, Any]] | None, port: int) -> dict[str, Any]:
    rule: dict[str, Any] = {"ports": [{"port": port}]}
    if peers is not None:
        rule["to" if field == "egress" else "from"] = peers
    spec = {"podSelector": selector(of), "policyTypes": [field.capitalize()], field: [rule]}
    return {"kind": "NetworkPolicy", "metadata": {"name": f"{of}-{field}"}, "spec": spec}


def line() -> list[dict[str, Any]]:
    risk = "alphaline-risk-management:9110"
    return [
        deployment("gateway", 8080, ALPHALINE_RISK_ADDRESS=risk),
        deployment("risk-management", 9110),
        service("gateway"),
        service("risk-management"),
        policy("gateway", "egress", [{"podSelector": selector("risk-management")}], 9110),
        policy("risk-management", "ingress", [{"podSelector": selector("gateway")}], 9110),
    ]


def found(manifests: list[dict[str, Any]]) -> list[str]:
    return list(disagreements(Rendered("base", "", tuple(manifests))))


def test_policies_for_what_is_asked_and_nothing_else_pass() -> None:
    assert found(line()) == []


@pytest.mark.parametrize("removed", [4, 5])
def test_a_call_needs_both_sides_of_its_policies(removed: int) -> None:
    manifests = line()
    del manifests[removed]
    assert found(manifests) == ["base: gateway asks risk-management:9110, no policy allows it"]


@pytest.mark.parametrize(
    "peers",
    [
        [{"podSelector": selector("lake-sink")}],
        [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        [{"ipBlock": {"cidr": "10.0.0.0/24"}}],
    ],
)
def test_another_peer_does_not_let_a_call_through(peers: list[dict[str, Any]]) -> None:
    manifests = line()
    manifests[5] = policy("risk-management", "ingress", peers, 9110)
    assert "no policy allows it" in found(manifests)[0]


def test_another_port_does_not_let_a_call_through() -> None:
    manifests = line()
    manifests[4]["spec"]["egress"][0]["ports"] = [{"port": 9111}]
    assert "no policy allows it" in found(manifests)[0]


def test_a_policy_wider_than_the_flow_is_found() -> None:
    manifests = [
        *line(),
        deployment("lake-sink", 9103),
        policy("lake-sink", "egress", None, 9110),
        policy("risk-management", "ingress", [{"podSelector": {}}], 9110),
    ]
    assert found(manifests) == ["base: lake-sink may ask risk-management:9110, and never does"]


def test_strimzis_brokers_are_reached_as_their_listener_says() -> None:
    listener = {"port": 9093, "networkPolicyPeers": [{"podSelector": selector("gateway")}]}
    kafka = {
        "kind": "Kafka",
        "metadata": {"name": "alphaline"},
        "spec": {"kafka": {"listeners": [listener]}},
    }
    cluster = {"podSelector": {"matchLabels": {"strimzi.io/cluster": "alphaline"}}}
    address = "alphaline-kafka-bootstrap:9093"
    manifests = [
        deployment("gateway", 8080, KAFKA_BOOTSTRAP_SERVERS=address),
        policy("gateway", "egress", [cluster], 9093),
        kafka,
    ]
    assert found(manifests) == []
    closed = copy.deepcopy(manifests)
    closed[2]["spec"]["kafka"]["listeners"][0]["networkPolicyPeers"] = [
        {"podSelector": selector("lake-sink")}
    ]
    assert found(closed) == ["base: gateway asks kafka:9093, no policy allows it"]
