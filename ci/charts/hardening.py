"""What every rendered set keeps, whatever its values: restricted pods, policies, budgets, labels."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ci.charts.core2 import faults as faults_of_core2
from ci.charts.rendering import Manifest, Rendered
from ci.charts.seldon import of_manifests

LABELS = {
    f"app.kubernetes.io/{name}"
    for name in ("name", "instance", "version", "component", "part-of", "managed-by")
}

# Claims that some sets of values say to be there.
EXISTING_CLAIMS = {"models", "reference", "training"}
# Sets that switch the network policies off.
UNGUARDED = {
    "no-policies",
    "no-policies-strimzi",
    "routed-without-policies",
    "core2-without-policies",
}


def weaknesses(rendered: Rendered) -> Iterator[str]:
    """Yield everything that a set lacks."""
    for owner, _, pod in rendered.pods():
        yield from (f"{rendered.name}: {owner}: {problem}" for problem in _of_pod(pod))
    yield from (f"{rendered.name}: {problem}" for problem in _of_objects(rendered))
    yield from (f"{rendered.name}: {problem}" for problem in _of_policies(rendered))
    yield from (f"{rendered.name}: {problem}" for problem in _of_services(rendered))
    yield from (f"{rendered.name}: {problem}" for problem in _of_claims(rendered))
    yield from (f"{rendered.name}: {problem}" for problem in _of_operators(rendered))
    yield from (f"{rendered.name}: {problem}" for problem in _of_strimzi(rendered))


def _of_pod(pod: Manifest) -> Iterator[str]:
    if pod.get("automountServiceAccountToken") is not False:
        yield "expected no token of the service account"
    if pod.get("enableServiceLinks") is not False:
        yield "expected enableServiceLinks: false, services' variables are read as settings"
    if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "expected no namespace of the host"
    yield from _restricted(pod["securityContext"], "pod")
    names = {volume["name"] for volume in pod["volumes"]} if "volumes" in pod else set()
    if any("hostPath" in volume for volume in pod.get("volumes", ())):
        yield "expected no folder of the host"
    for container in pod["containers"]:
        yield from _of_container(container, names)


def _of_container(container: Manifest, volumes: set[str]) -> Iterator[str]:
    security = container["securityContext"]
    yield from _restricted(security, "container")
    if security.get("allowPrivilegeEscalation") is not False:
        yield "expected allowPrivilegeEscalation: false"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "expected a root file system that cannot be written"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield "expected every capability to be dropped"
    if not {"memory", "cpu"} <= container["resources"]["requests"].keys():
        yield "expected requests of cpu and memory"
    if "memory" not in container["resources"]["limits"]:
        yield "expected a limit of memory"
    unknown = {mount["name"] for mount in container.get("volumeMounts", ())} - volumes
    if unknown:
        yield f"mounts {sorted(unknown)}, which the pod does not have"
    if container["image"].rpartition(":")[2] in ("", "latest"):
        yield f"expected an image with a version, saw {container['image']}"


def _restricted(context: Mapping[str, Any], of: str) -> Iterator[str]:
    if context.get("runAsNonRoot") is not True or int(context.get("runAsUser", 0)) == 0:
        yield f"expected the {of} to run as another user than root"
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield f"expected the {of}'s system calls to be filtered (RuntimeDefault)"


def _of_objects(rendered: Rendered) -> Iterator[str]:
    seen = Counter((one["kind"], one["metadata"]["name"]) for one in rendered.manifests)
    yield from (f"{kind} {name} twice" for (kind, name), count in seen.items() if count > 1)
    for manifest in rendered.manifests:
        missing = LABELS - manifest["metadata"].get("labels", {}).keys()
        if missing:
            yield f"{manifest['kind']} {manifest['metadata']['name']} lacks {sorted(missing)}"
        if len(manifest["metadata"]["name"]) > 63 and manifest["kind"] in (
            "Service",
            "StatefulSet",
        ):
            yield f"{manifest['kind']} {manifest['metadata']['name']}: longer than 63 characters"
    for manifest in rendered.of_kind("Deployment", "StatefulSet"):
        selector = manifest["spec"]["selector"]["matchLabels"].items()
        if not selector <= manifest["spec"]["template"]["metadata"]["labels"].items():
            yield f"{manifest['metadata']['name']}: selects other pods than its own"
    for manifest in rendered.of_kind("PodDisruptionBudget"):
        if not _selected(rendered, manifest["spec"]["selector"]["matchLabels"]):
            yield f"PodDisruptionBudget {manifest['metadata']['name']} selects nothing"


def _selected(rendered: Rendered, selector: Mapping[str, str]) -> list[Manifest]:
    return [pod for _, labels, pod in rendered.pods() if selector.items() <= labels.items()]


def _of_policies(rendered: Rendered) -> Iterator[str]:
    policies = rendered.of_kind("NetworkPolicy")
    if not policies:
        if rendered.name not in UNGUARDED:
            yield "expected network policies, saw none"
        return
    denies = [one["spec"] for one in policies if one["metadata"]["name"].endswith("-deny")]
    if len(denies) != 1 or denies[0].keys() != {"podSelector", "policyTypes"}:
        yield "expected one policy that denies everything"
        return
    selector = denies[0]["podSelector"]["matchLabels"].items()
    for owner, labels, _ in rendered.pods():
        if not selector <= labels.items():
            yield f"{owner}: is not under the policy that denies everything"
    for policy in policies:
        if not _selected(rendered, policy["spec"]["podSelector"].get("matchLabels", {})):
            yield f"NetworkPolicy {policy['metadata']['name']} selects nothing"


def _of_services(rendered: Rendered) -> Iterator[str]:
    for service in rendered.of_kind("Service"):
        pods = _selected(rendered, service["spec"]["selector"])
        ports = {
            port["name"]: port["containerPort"]
            for pod in pods
            for container in pod["containers"]
            for port in container.get("ports", ())
        }
        for port in service["spec"]["ports"]:
            if ports.get(port["targetPort"]) != port["port"]:
                yield f"Service {service['metadata']['name']}: no pod listens on {port}"
    names = {service["metadata"]["name"] for service in rendered.of_kind("Service")}
    for manifest in rendered.of_kind("StatefulSet"):
        if manifest["spec"]["serviceName"] not in names:
            yield f"StatefulSet {manifest['metadata']['name']}: its Service is not there"


def _of_claims(rendered: Rendered) -> Iterator[str]:
    made = {claim["metadata"]["name"] for claim in rendered.of_kind("PersistentVolumeClaim")}
    for manifest in rendered.of_kind("StatefulSet"):
        name = manifest["metadata"]["name"]
        claims = manifest["spec"].get("volumeClaimTemplates", ())
        made |= {f"{claim['metadata']['name']}-{name}-0" for claim in claims}
    for owner, _, pod in rendered.pods():
        for volume in pod.get("volumes", ()):
            source = volume.get("persistentVolumeClaim", {})
            claim = source.get("claimName")
            if claim is not None and claim not in made | EXISTING_CLAIMS:
                yield f"{owner}: mounts claim {claim}, which nothing makes"
            # Some kinds of volume are given to a group by who takes them first, if that one may write.
            if claim in made and source.get("readOnly"):
                yield f"{owner}: takes claim {claim} before its writer can; make the mount read-only"


def _of_operators(rendered: Rendered) -> Iterator[str]:
    # What a CRD lets through and the operator's webhook would refuse.
    yield from of_manifests(rendered.manifests)[1]
    yield from faults_of_core2(rendered.manifests)
    for server in rendered.of_kind("Server"):
        (container,) = (
            one for one in server["spec"]["podSpec"]["containers"] if one["name"] == "mlserver"
        )
        security = container["securityContext"]
        if not ADMITTED.items() <= security.items() or not security["readOnlyRootFilesystem"]:
            yield f"Server {server['metadata']['name']}: expected {ADMITTED}, saw {security}"


# What the namespace demands of a container. Strimzi makes the pods; as whom they run is its image's.
ADMITTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _of_strimzi(rendered: Rendered) -> Iterator[str]:
    for pool in rendered.of_kind("KafkaNodePool"):
        yield from _admitted("KafkaNodePool", pool["spec"], ("kafkaContainer",))
    for kafka in rendered.of_kind("Kafka"):
        operators = kafka["spec"]["entityOperator"]
        containers = [f"{name}Container" for name in operators if name != "template"]
        yield from _admitted("Kafka", operators, containers)


def _admitted(kind: str, of: Manifest, containers: Iterable[str]) -> Iterator[str]:
    template = of.get("template", {})
    for name in containers:
        if template.get(name, {}).get("securityContext") != ADMITTED:
            yield f"{kind}: {name}: expected what a restricted namespace admits, {ADMITTED}"
