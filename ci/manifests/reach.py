"""Whether network policies allow what pods are told to ask, and nothing else between pods of the line.

What a pod asks is read from the addresses in its variables and its command; what it may ask, from
the policies. Neither is made from the other.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ci.charts.rendering import Manifest, Rendered

COMPONENT = "app.kubernetes.io/component"
ADDRESS = re.compile(r"\b(alphaline-[a-z-]+):([0-9]+)\b")
# A person asks from there, by hand.
BY_HAND = "console"

Labels = Mapping[str, str]


class Pod(NamedTuple):
    """A pod that talks: its labels, the ports it listens on, what it asks."""

    labels: Labels
    ports: frozenset[int]
    asks: frozenset[tuple[str, int]]

    @property
    def name(self) -> str:
        """The component."""
        return self.labels.get(COMPONENT, "kafka")


class Call(NamedTuple):
    """Who asks whom, at which port."""

    asking: str
    asked: str
    port: int


def disagreements(rendered: Rendered) -> Iterator[str]:
    """Yield calls that are needed and denied, and calls that are allowed and needed by nobody."""
    pods = [*_pods(rendered), *_brokers(rendered)]
    needed, allowed = _needed(rendered, pods), _allowed(rendered, pods)
    for call in sorted(needed - allowed):
        yield f"{rendered.name}: {call.asking} asks {call.asked}:{call.port}, no policy allows it"
    for call in sorted(allowed - needed):
        if call.asking != BY_HAND:
            yield f"{rendered.name}: {call.asking} may ask {call.asked}:{call.port}, and never does"


def _pods(rendered: Rendered) -> Iterator[Pod]:
    for _owner, labels, spec in rendered.pods():
        containers = spec["containers"]
        ports = {port["containerPort"] for one in containers for port in one.get("ports", ())}
        words = [word for one in containers for word in _words(one)]
        asks = {(host, int(port)) for word in words for host, port in ADDRESS.findall(word)}
        yield Pod(labels, frozenset(ports), frozenset(asks))


def _words(container: Manifest) -> Iterator[str]:
    yield from (one["value"] for one in container.get("env", ()) if "value" in one)
    yield from map(str, container.get("command", ()))


def _brokers(rendered: Rendered) -> Iterator[Pod]:
    # Strimzi makes them, with its own labels.
    for kafka in rendered.of_kind("Kafka"):
        ports = {one["port"] for one in kafka["spec"]["kafka"]["listeners"]}
        labels = {"strimzi.io/cluster": kafka["metadata"]["name"]}
        yield Pod(labels, frozenset(ports), frozenset())


def _needed(rendered: Rendered, pods: Sequence[Pod]) -> set[Call]:
    return {
        Call(asking.name, asked.name, port)
        for asking in pods
        for host, port in asking.asks
        for asked in pods
        if _is_behind(rendered, host, asked) and asked.name != asking.name
    }


def _is_behind(rendered: Rendered, host: str, pod: Pod) -> bool:
    service = rendered.named("Service", host)
    if service is None:
        cluster = pod.labels.get("strimzi.io/cluster")
        return cluster is not None and host == f"{cluster}-kafka-bootstrap"
    return bool(service["spec"]["selector"].items() <= pod.labels.items())


def _allowed(rendered: Rendered, pods: Sequence[Pod]) -> set[Call]:
    out = list(_rules(rendered, "Egress", "egress", "to"))
    into = [*_rules(rendered, "Ingress", "ingress", "from"), *_listeners(rendered)]
    return {
        Call(asking.name, asked.name, port)
        for asking in pods
        for asked in pods
        for port in asked.ports
        if asking.name != asked.name
        and _passes(out, asking.labels, asked.labels, port)
        and _passes(into, asked.labels, asking.labels, port)
    }


class Rule(NamedTuple):
    """Pods that a policy selects, whom they may talk to (None: anybody), at which ports (None: any)."""

    selector: Mapping[str, Any]
    peers: Sequence[Mapping[str, Any]] | None
    ports: Sequence[int] | None


def _rules(rendered: Rendered, kind: str, field: str, peers: str) -> Iterator[Rule]:
    for policy in rendered.of_kind("NetworkPolicy"):
        spec = policy["spec"]
        if kind in spec["policyTypes"]:
            for rule in spec.get(field, ()):
                yield Rule(spec["podSelector"], rule.get(peers), _numbers(rule))


def _numbers(rule: Manifest) -> list[int] | None:
    ports = rule.get("ports")
    return None if ports is None else [one["port"] for one in ports]


def _listeners(rendered: Rendered) -> Iterator[Rule]:
    # Strimzi makes a policy of them.
    for kafka in rendered.of_kind("Kafka"):
        selector = {"matchLabels": {"strimzi.io/cluster": kafka["metadata"]["name"]}}
        for one in kafka["spec"]["kafka"]["listeners"]:
            yield Rule(selector, one.get("networkPolicyPeers"), [one["port"]])


def _passes(rules: Sequence[Rule], own: Labels, other: Labels, port: int) -> bool:
    if not any(_selects(rule.selector, own) for rule in rules) and "strimzi.io/cluster" in own:
        return True  # nothing holds Strimzi's brokers back from answering
    return any(
        _selects(rule.selector, own)
        and (rule.ports is None or port in rule.ports)
        and (rule.peers is None or any(_is_peer(peer, other) for peer in rule.peers))
        for rule in rules
    )


def _is_peer(peer: Mapping[str, Any], labels: Labels) -> bool:
    # A peer with a namespace is somebody else's pod.
    return (
        "namespaceSelector" not in peer
        and "podSelector" in peer
        and _selects(peer["podSelector"], labels)
    )


def _selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    expressions = selector.get("matchExpressions", ())
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )
