"""Faults of a SeldonDeployment that its definition lets through: ``python -m ci.charts.seldon FILE ...``.

The definition of Seldon Core 1.17 finds misspelt keys and wrong types. What its operator's webhook
refuses beyond that, or applies and then never routes as meant, is found here, without an operator:
traffic, protocols, graphs.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ci.charts.files import judge

Manifest = Mapping[str, Any]

PROTOCOLS = ("seldon", "tensorflow", "kfserving", "v2")
TRANSPORTS = ("rest", "grpc")
SERVER_TYPES = ("rpc", "kafka")
NODE_TYPES = ("MODEL", "ROUTER", "COMBINER", "TRANSFORMER", "OUTPUT_TRANSFORMER", "UNKNOWN_TYPE")
# Built into the orchestrator: they need neither a container nor a model's address.
BUILT_IN = ("SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER")
NO_IMPLEMENTATION = (None, "", "UNKNOWN_IMPLEMENTATION")
# The one prepackaged server that can load a model by a parameter instead of an address.
LOADS_BY_PARAMETER = "HUGGINGFACE_SERVER"
KAFKA_VARIABLES = ("KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC")
NO_ENGINE = "seldon.io/no-engine"
SERVICE_NAME = "seldon.io/svc-name"


def faults(deployment: Manifest) -> Iterator[str]:
    """Yield what is wrong with one SeldonDeployment: its key, what was expected and seen, what to do."""
    spec = deployment.get("spec") or {}
    predictors = spec.get("predictors") or []
    if not predictors:
        yield "spec.predictors: expected at least one, saw none; nothing would answer."
        return
    yield from _of_words(spec)
    yield from _of_traffic(predictors)
    yield from _of_names(predictors)
    yield from _of_transports(spec, predictors)
    for number, predictor in enumerate(predictors):
        where = f"spec.predictors[{number}]"
        yield from _of_kafka(spec, predictor, where)
        yield from _of_graph(predictor, where)


def _of_words(spec: Manifest) -> Iterator[str]:
    for key, known in (
        ("protocol", PROTOCOLS),
        ("transport", TRANSPORTS),
        ("serverType", SERVER_TYPES),
    ):
        said = spec.get(key)
        if said and said not in known:
            yield f"spec.{key}: expected one of {', '.join(known)}, saw {said}."


def _of_traffic(predictors: list[Manifest]) -> Iterator[str]:
    live = [one for one in predictors if not one.get("shadow")]
    for number, one in enumerate(predictors):
        traffic = one.get("traffic", 0)
        if not isinstance(traffic, int) or not 0 <= traffic <= 100:
            yield f"spec.predictors[{number}].traffic: expected 0 to 100, saw {traffic}."
            return
    shadows = len(predictors) - len(live)
    if shadows > 1:
        yield f"spec.predictors: expected at most one with shadow: true, saw {shadows}; Seldon mirrors to one."
    if not live:
        yield "spec.predictors: expected one that answers, saw shadows only; their answers are thrown away."
        return
    total = sum(one.get("traffic", 0) for one in live)
    is_said = len(live) > 1 or total
    if is_said and total != 100:
        names = ", ".join(f"{one.get('name')} {one.get('traffic', 0)}" for one in live)
        yield (
            "spec.predictors[].traffic: expected a sum of 100 over those that are no shadow, saw "
            f"{total} ({names}); give the rest to one of them."
        )


def _of_names(predictors: list[Manifest]) -> Iterator[str]:
    names = [str(one.get("name", "")) for one in predictors]
    services = [(one.get("annotations") or {}).get(SERVICE_NAME) for one in predictors]
    if "" in names:
        yield f"spec.predictors[{names.index('')}].name: expected a name, saw none."
    for key, values in (("name", names), (f"annotations[{SERVICE_NAME}]", services)):
        for value, count in Counter(one for one in values if one).items():
            if count > 1:
                yield f"spec.predictors[].{key}: expected each once, saw {value} {count} times."


def _of_transports(spec: Manifest, predictors: list[Manifest]) -> Iterator[str]:
    endpoints = {
        str(kind).lower()
        for predictor in predictors
        for _, node in _nodes(predictor.get("graph") or {}, "graph")
        if (kind := (node.get("endpoint") or {}).get("type"))
    }
    said = {spec["transport"]} if spec.get("transport") else set()
    if len(endpoints | said) > 1:
        yield (
            f"spec.transport: expected one transport, saw {', '.join(sorted(endpoints | said))}; say it once "
            "in spec.transport and leave endpoint.type out of the graph."
        )


def _of_kafka(spec: Manifest, predictor: Manifest, where: str) -> Iterator[str]:
    if spec.get("serverType") == "kafka":
        given = {one.get("name") for one in (predictor.get("svcOrchSpec") or {}).get("env") or ()}
        missing = [name for name in KAFKA_VARIABLES if name not in given]
        if missing:
            yield f"{where}.svcOrchSpec.env: expected {', '.join(missing)} for serverType kafka, saw none."


def _of_graph(predictor: Manifest, where: str) -> Iterator[str]:
    nodes = list(_nodes(predictor.get("graph") or {}, f"{where}.graph"))
    containers = [
        str(container.get("name"))
        for component in predictor.get("componentSpecs") or ()
        for container in (component.get("spec") or {}).get("containers") or ()
    ]
    if NO_ENGINE in (predictor.get("annotations") or {}) and len(nodes) > 1:
        yield f"{where}.graph: expected a single node with {NO_ENGINE}, saw {len(nodes)}; only the engine follows a graph."
    names = Counter(node.get("name") for _, node in nodes)
    for name, count in names.items():
        if count > 1:
            yield f"{where}.graph: expected each node's name once, saw {name} {count} times."
    for path, node in nodes:
        yield from _of_node(node, path, containers)


def _nodes(node: Manifest, path: str) -> Iterator[tuple[str, Manifest]]:
    yield path, node
    for number, child in enumerate(node.get("children") or ()):
        yield from _nodes(child, f"{path}.children[{number}]")


def _of_node(node: Manifest, path: str, containers: Sequence[str]) -> Iterator[str]:
    name, implementation = node.get("name"), node.get("implementation")
    if implementation in NO_IMPLEMENTATION:
        if name not in containers:
            yield (
                f"{path}.name: expected the name of a container ({', '.join(containers) or 'there is none'}), saw "
                f"{name}; name the node as its container is named."
            )
    elif implementation not in (*BUILT_IN, LOADS_BY_PARAMETER) and not node.get("modelUri"):
        yield f"{path}.modelUri: expected the model's address for {implementation}, saw none."
    kind = node.get("type")
    if kind is not None and kind not in NODE_TYPES:
        yield f"{path}.type: expected one of {', '.join(NODE_TYPES[:-1])}, saw {kind}."
    if kind == "UNKNOWN_TYPE" and implementation in NO_IMPLEMENTATION and not node.get("methods"):
        yield f"{path}.methods: expected what the node does, since its type says nothing, saw none."
    if "logger" in node and not (node["logger"] or {}).get("mode"):
        yield f"{path}.logger.mode: expected request, response or all, saw none."


def of_manifests(manifests: Iterable[Any]) -> tuple[int, list[str]]:
    """Return how many SeldonDeployments there are, and the faults of each under its name."""
    found = [one for one in manifests if isinstance(one, dict)]
    deployments = [one for one in found if one.get("kind") == "SeldonDeployment"]
    problems = [
        f"SeldonDeployment {(one.get('metadata') or {}).get('name', '')}: {fault}"
        for one in deployments
        for fault in faults(one)
    ]
    return len(deployments), problems


def main(names: list[str]) -> int:
    """Judge the SeldonDeployments of files, `-` being standard input; exit code 1 where one has a fault."""
    return judge(names, of_manifests, "SeldonDeployment")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
