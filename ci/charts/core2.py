"""Faults of Seldon Core 2's objects that their definitions let through: ``python -m ci.charts.core2 FILE ...``.

The definitions find misspelt keys and wrong types. That a ``Model`` finds a ``Server``, that the agent finds the server
of ours where it looks, and that what a delivery applies is a ``Model`` at all, is found here, without an operator.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from alphaline.runtime.model_resource import RESOURCE_FIELD, resource_name
from alphaline.runtime.seldon_core2 import COPIES
from ci.charts.files import judge

Manifest = Mapping[str, Any]

GROUP = "mlops.seldon.io/v1alpha1"
# Containers of a ServerConfig that ours are merged into by name; one of another name would be one more.
OF_CONFIG = ("rclone", "agent", "mlserver")
# Where the agent of the ServerConfig asks the server, and puts models; its own ports besides.
AGENT = {
    "ALPHALINE_MODEL_SERVING_HTTP_PORT": "9000",
    "ALPHALINE_MODEL_SERVING_GRPC_PORT": "9500",
    "ALPHALINE_MODEL_SERVING_MODEL_STORE": "/mnt/agent/models",
    "ALPHALINE_MODEL_SERVING_STORE_LAYOUT": "core2",
}
TAKEN = {"rclone", "grpc", "http", "metrics", "server-grpc", "server-http"}
TAKEN_NUMBERS = {5572, 9000, 9001, 9005, 9006, 9007, 9008, 9500, 9501}
# Routes and internal names are made of it: no dot, which Kubernetes would allow.
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
REMOTE = re.compile(r"[a-z0-9_-]+:")
# The ConfigMap with what a delivery applies; another one has a dashboard under the same key.
TEMPLATE, KEY = "-core2-model", "model.json"
SAMPLE = resource_name("sample_v1", "1", "sha256:" + "0123456789abcdef" * 4)


def models_of(manifests: Iterable[Manifest]) -> Iterator[dict[str, Any]]:
    """Yield what a delivery would apply: the ``Model`` of each ConfigMap that holds one, for a version."""
    for one in manifests:
        if one.get("kind") == "ConfigMap" and _name(one).endswith(TEMPLATE):
            yield json.loads(one["data"][KEY].replace(RESOURCE_FIELD, SAMPLE))


def faults(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Yield what is wrong with the Servers and Models of one namespace: key, expected, seen, what to do."""
    ours = [one for one in manifests if one.get("apiVersion") == GROUP]
    servers = [one for one in ours if one["kind"] == "Server"]
    models = [one for one in ours if one["kind"] == "Model"]
    for server in servers:
        yield from (f"Server {_name(server)}: {fault}" for fault in _of_server(server))
    for model in [*models, *models_of(manifests)]:
        yield from (f"Model {_name(model)}: {fault}" for fault in _of_model(model, servers))


def _name(manifest: Manifest) -> str:
    return str((manifest.get("metadata") or {}).get("name", ""))


def _of_server(server: Manifest) -> Iterator[str]:
    spec = server.get("spec") or {}
    if not spec.get("capabilities"):
        yield "spec.capabilities: expected one of its own, saw none; any model of the cluster would be put here."
    containers = (spec.get("podSpec") or {}).get("containers") or []
    for container in containers:
        if container.get("name") not in OF_CONFIG:
            yield (
                f"spec.podSpec.containers: expected one of {', '.join(OF_CONFIG)}, which it is merged into, saw "
                f"{container.get('name')}; it would run beside them."
            )
    volumes = {volume["name"] for volume in (spec.get("podSpec") or {}).get("volumes") or ()}
    for container in containers:
        missing = {m["name"] for m in container.get("volumeMounts") or ()} - volumes
        if missing:
            yield f"spec.podSpec.volumes: expected {', '.join(sorted(missing))}, which {container['name']} mounts."
    for container in containers:
        if container.get("name") == "mlserver":
            yield from _of_mlserver(container)


def _of_mlserver(container: Manifest) -> Iterator[str]:
    given = {one["name"]: one.get("value") for one in container.get("env") or ()}
    for name, expected in AGENT.items():
        if given.get(name) != expected:
            yield f"mlserver.env: expected {name}={expected}, where the agent looks, saw {given.get(name)}."
    for port in container.get("ports") or ():
        if port.get("name") in TAKEN or port.get("containerPort") in TAKEN_NUMBERS:
            yield (
                f"mlserver.ports: expected a port that the ServerConfig does not have, saw {port.get('name')} "
                f"{port.get('containerPort')}; lists are appended."
            )
    for probe in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
        if probe in container:
            yield f"mlserver.{probe}: expected that of the ServerConfig alone, saw one; two would be merged."


def _of_model(model: Manifest, servers: Sequence[Manifest]) -> Iterator[str]:
    spec = model.get("spec") or {}
    name = _name(model)
    if not NAME.fullmatch(name) or len(name) > 63:
        yield "metadata.name: expected at most 63 lower-case letters, digits and dashes; Core 2 routes by it."
    wanted = set(spec.get("requirements") or ())
    if not wanted:
        yield "spec.requirements: expected the capability of a Server, saw none; another server may take it."
    fitting = [
        one for one in servers if wanted <= set((one.get("spec") or {}).get("capabilities") or ())
    ]
    if servers and not fitting:
        yield f"spec.requirements: expected capabilities of one Server, saw {', '.join(sorted(wanted))}."
    yield from _of_replicas(spec, fitting)
    yield from _of_storage(spec, fitting)


def _of_replicas(spec: Manifest, servers: Sequence[Manifest]) -> Iterator[str]:
    most = sum(int(one["spec"].get("replicas", 1)) for one in servers)
    if servers and int(spec.get("replicas", 1)) > most:
        yield f"spec.replicas: expected at most the {most} of its Server, saw {spec['replicas']}."


def _of_storage(spec: Manifest, servers: Sequence[Manifest]) -> Iterator[str]:
    uri = str(spec.get("storageUri", ""))
    if REMOTE.match(uri):
        return
    mounts = [
        mount["mountPath"]
        for server in servers
        for container in (server["spec"].get("podSpec") or {}).get("containers") or ()
        if container.get("name") == "rclone"
        for mount in container.get("volumeMounts") or ()
    ]
    if servers and not any(PurePosixPath(uri).is_relative_to(mount) for mount in mounts):
        yield f"spec.storageUri: expected a path that rclone mounts ({', '.join(mounts) or 'none'}), saw {uri}."
    if COPIES not in PurePosixPath(uri).parts:
        yield f"spec.storageUri: expected a copy that a delivery made, below {COPIES}, saw {uri}."


def main(names: list[str]) -> int:
    """Judge the Servers and Models of files, `-` being standard input; exit code 1 where one has a fault."""
    return judge(names, _of_manifests, f"Server or Model of {GROUP}")


def _of_manifests(manifests: Sequence[Manifest]) -> tuple[int, list[str]]:
    count = sum(one.get("apiVersion") == GROUP for one in manifests)
    return count, list(faults(manifests))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
