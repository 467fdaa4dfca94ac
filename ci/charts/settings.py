"""Whether what the manifests give to each service is what its settings are: variables, ports, paths."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from alphaline.errors import AlphalineError
from alphaline.runtime.kafka_security import KafkaSecurity
from alphaline.runtime.service_tls import ServiceTls
from alphaline.trading.risk import read_limits
from alphaline.trading.strategy import read_strategy
from ci.charts.rendering import METRICS_OF_OPERATOR, Manifest, Rendered
from ci.charts.value_sets import ROUTER
from pipelines.kubeflow.steps import steps_of

# Variables that are no settings of ours, and who reads them.
OTHERS = {
    "HOME": "numba, which keeps there what it compiles",
    METRICS_OF_OPERATOR: "seldon-core's wrapper alone; the operator gives it to every server",
    "TZ": "Feast's SQLite encoding, which spells times in the process's zone",
}
# Paths that the image or `reference.existingClaim` brings; all others must be on a mount.
IN_IMAGE = ("reference_root", "replay_bars")
WRITTEN = ("data_root", "lake_root", "journal")
# What stands for the content of Secrets, and of the pod's labels, that containers read variables from.
OF_SECRETS = {
    "KAFKA_SASL_USERNAME": "line",
    "KAFKA_SASL_PASSWORD": "secret",
    "ALPHALINE_JOURNAL_DATABASE": "postgresql://line:secret@database:5432/journal",
    "ALPHALINE_LEDGER_DATABASE": "postgresql://line:secret@database:5432/ledger",
    "ALPHALINE_ONLINE_STORE_CONNECTION": "redis:6379,db=0,password=secret",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "JOB_UID": "6a0f3f0e-6f5c-4a55-9d0b-0c5b0a3f5a11",
}
# Ways to ask a model that a server runs.
BY_SERVER = ("open_inference", "seldon")
# Addresses outside the release that some sets of values name.
ELSEWHERE = {ROUTER["address"], "seldon-mesh:80", "seldon-mesh.seldon:80"}


def disagreements(rendered: Rendered) -> Iterator[str]:
    """Yield every way in which a set and the settings of its services differ."""
    yield from of_containers(rendered)
    yield from _partitions(rendered)
    yield from _files(rendered)


def of_containers(rendered: Rendered) -> Iterator[str]:
    """Yield every way in which a container and the settings of its service differ."""
    yield from _under_core2(rendered)
    for owner, labels, pod in rendered.pods():
        for container in pod["containers"]:
            service = _service(container)
            if service is not None:
                where = f"{rendered.name}: {owner}"
                yield from _of_container(rendered, where, service, labels, container)


def _under_core2(rendered: Rendered) -> Iterator[str]:
    # Ports and probes are the ServerConfig's: ci.charts.core2 judges that the agent finds the server.
    for server in rendered.of_kind("Server"):
        for container in server["spec"]["podSpec"]["containers"]:
            service = _service(container)
            if service is not None:
                given = [variable["name"] for variable in container["env"]]
                unknown = sorted(
                    set(given) - variables(settings_class(service)).keys() - OTHERS.keys()
                )
                yield from (f"{rendered.name}: Server: {name} is no setting" for name in unknown)
                try:
                    read(service, given_values(container))
                except ValidationError as error:
                    yield f"{rendered.name}: Server: the settings refuse what they are given: {error}"


def _service(container: Manifest) -> str | None:
    command = container.get("command", [])
    is_ours = command[:2] == ["python", "-m"] and command[2].startswith("services.")
    return command[2].removeprefix("services.") if is_ours else None


# Two servers of one service; all others have one class of one name.
CLASSES = {
    "model_serving": "ModelServingSettings",
    "model_serving.seldon_server": "SeldonServingSettings",
}


def settings_class(service: str) -> type[BaseSettings]:
    """Return the settings of a service."""
    module = importlib.import_module(f"services.{service.partition('.')[0]}.settings")
    name = CLASSES.get(service, "Settings")
    found: type[BaseSettings] = getattr(module, name)
    return found


def variables(settings: type[BaseSettings]) -> dict[str, bool]:
    """Return the variables that settings are read from, and whether each is required."""
    prefix = settings.model_config.get("env_prefix", "")
    return {
        str(field.validation_alias or f"{prefix}{name}".upper()): field.is_required()
        for name, field in settings.model_fields.items()
    }


# Clients and servers read these where they are made, whatever their service.
FILES_OF_TLS = tuple(variables(ServiceTls))
SECURITY = dict.fromkeys((*variables(KafkaSecurity), *FILES_OF_TLS), False)


def _of_container(
    rendered: Rendered, where: str, service: str, labels: Mapping[str, str], container: Manifest
) -> Iterator[str]:
    given = [variable["name"] for variable in container["env"]]
    known = {**variables(settings_class(service)), **SECURITY}
    yield from (f"{where}: {n} twice" for n in sorted({n for n in given if given.count(n) > 1}))
    unknown = sorted(set(given) - known.keys() - OTHERS.keys())
    yield from (f"{where}: {name} is no setting of {service}" for name in unknown)
    missing = sorted(n for n, required in known.items() if required and n not in given)
    yield from (f"{where}: {name} is required by {service} and not given" for name in missing)
    if labels["app.kubernetes.io/component"] != service.partition(".")[0].replace("_", "-"):
        yield f"{where}: runs {service} under another component's label"
    if not missing:
        yield from _of_values(rendered, where, service, container)


def _of_values(rendered: Rendered, where: str, service: str, container: Manifest) -> Iterator[str]:
    try:
        settings = read(service, given_values(container))
    except ValidationError as error:
        yield f"{where}: the settings refuse what they are given: {error}"
        return
    yield from (f"{where}: {problem}" for problem in _ports(service, settings, container))
    yield from (f"{where}: {problem}" for problem in _paths(settings, container))
    yield from (f"{where}: {problem}" for problem in _security(container))
    yield from (f"{where}: {problem}" for problem in _addresses(rendered, settings))


def given_values(container: Manifest) -> dict[str, str]:
    """Return the variables of a container; what a Secret would give is a value of its kind."""
    return {
        one["name"]: one["value"] if "value" in one else OF_SECRETS[one["name"]]
        for one in container.get("env", ())
    }


def _security(container: Manifest) -> Iterator[str]:
    # As a client reads it, with any file in the place of those that Secrets bring.
    given = {name: value for name, value in given_values(container).items() if name in SECURITY}
    files = {n: v for n, v in given.items() if n.endswith("_LOCATION") or n in FILES_OF_TLS}
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    for name, file in files.items():
        if not any(PurePosixPath(file).is_relative_to(mount) for mount in mounts):
            yield f"{name}={file} lies on no volume"
    try:
        with only_environment({**given, **dict.fromkeys(files, __file__)}):
            KafkaSecurity.of_environment()
            ServiceTls.of_environment()
    except AlphalineError as error:
        yield str(error)


def read(service: str, environment: Mapping[str, str]) -> Any:
    """Return a service's settings as it reads them from ``environment``."""
    with only_environment(environment):
        return settings_class(service)()


@contextmanager
def only_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Give this process the variables of a container and no others, for the block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _ports(service: str, settings: Any, container: Manifest) -> Iterator[str]:
    listening = {"metrics": settings.metrics_port}
    hosts = {settings.host if service in CLASSES else settings.metrics_host}
    if service in CLASSES:
        listening |= {"http": settings.http_port, "grpc": settings.grpc_port}
    elif service == "risk_management":
        host, _, port = settings.risk_listen.rpartition(":")
        listening["grpc"] = int(port)
        hosts.add(host)
    elif service == "gateway":
        listening["http"] = settings.gateway_port
        hosts.add(settings.gateway_host)
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    if named != listening:
        yield f"expected container ports {listening}, where it listens, saw {named}"
    if hosts != {"0.0.0.0"}:  # noqa: S104 - what a pod has to listen on
        yield f"expected it to listen on every address of its pod, saw {sorted(hosts)}"
    asked = {container[probe]["httpGet"]["port"] for probe in PROBES}
    if not asked <= named.keys():
        yield f"probes ask {sorted(asked)}, expected ports of {sorted(named)}"


PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def _paths(settings: Any, container: Manifest) -> Iterator[str]:
    mounts = {
        PurePosixPath(m["mountPath"]): m.get("readOnly", False) for m in container["volumeMounts"]
    }
    for name, value in _path_values(settings):
        path = PurePosixPath(value)
        mount = next((found for found in mounts if path.is_relative_to(found)), None)
        if mount is None and name not in IN_IMAGE:
            yield f"{name}={value} lies on no volume"
        elif mount is not None and name in WRITTEN and mounts[mount]:
            yield f"{name}={value} lies on a volume that cannot be written"


def _path_values(settings: Any) -> Iterator[tuple[str, str]]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, os.PathLike):
            # A model server elsewhere reads the store: this process opens no file of it.
            if name == "model_store" and getattr(settings, "inference", "in_process") in BY_SERVER:
                continue
            yield name, os.fspath(value)
        elif name == "strategies":
            yield from ((name, file) for file in value.split(","))


def _addresses(rendered: Rendered, settings: Any) -> Iterator[str]:
    for name in ("risk_address", "model_server_address"):
        address = getattr(settings, name, "")
        if address and address not in ELSEWHERE and not _is_served(rendered, address):
            yield f"{name}={address}: expected a Service and pods that listen there"


def _is_served(rendered: Rendered, address: str) -> bool:
    host, _, port = address.rpartition(":")
    service = rendered.named("Service", host)
    if service is None:
        return False
    targets = {p["targetPort"] for p in service["spec"]["ports"] if p["port"] == int(port)}
    selector = service["spec"]["selector"].items()
    selected = [pod for _, labels, pod in rendered.pods() if selector <= labels.items()]
    served = {
        (port["name"], port["containerPort"])
        for pod in selected
        for container in pod["containers"]
        for port in container["ports"]
    }
    return bool(selected) and all((target, int(port)) in served for target in targets)


def _partitions(rendered: Rendered) -> Iterator[str]:
    for service in ("feature_streaming", "signal_generation"):
        workers = [
            read(service, given_values(container))
            for _, _, pod in rendered.pods()
            for container in pod["containers"]
            if _service(container) == service
        ]
        owned = sorted(number for settings in workers for number in settings.own_partitions())
        if owned != list(range(workers[0].partition_count)):
            yield f"{rendered.name}: {service}: expected each partition once, saw {owned}"


def _files(rendered: Rendered) -> Iterator[str]:
    for manifest in rendered.of_kind("ConfigMap"):
        for file, text in manifest["data"].items():
            try:
                if file == "limits.yaml":
                    read_limits(text.encode(), file)
                elif manifest["metadata"]["name"].endswith("-strategies"):
                    read_strategy(text.encode(), file)
                elif file == "steps.yaml":
                    steps_of(text.encode(), file)
            except AlphalineError as error:
                yield f"{rendered.name}: {file}: {error}"
