"""The ``Model`` of a signed version under Seldon Core 2, applied to the API server of the pod that runs this."""

import json
import os
import ssl
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple

from alphaline.errors import ModelError, ModelUnavailableError
from alphaline.runtime.model_resource import RESOURCE_FIELD

Model = dict[str, Any]

# Whoever applies the same fields by another name is told of the conflict.
_OWNER = "alphaline-delivery"
_TIMEOUT_S = 30.0


class ApiServer(NamedTuple):
    """Where Kubernetes' API server is, and the files that one is known to it by and knows it by."""

    host: str
    port: int
    token: Path
    certificates: Path

    @classmethod
    def of_pod(cls, folder: Path) -> "ApiServer":
        """Return the API server of this pod; ``folder`` holds ``token`` and ``ca.crt``.

        Raises
        ------
        ModelUnavailableError
            If this is no pod.
        """
        try:
            host, port = (os.environ[f"KUBERNETES_SERVICE_{part}"] for part in ("HOST", "PORT"))
        except KeyError as error:
            raise ModelUnavailableError(
                f"expected {error.args[0]}, which every pod has, saw none; deliver to Seldon Core 2 "
                "from within the cluster (value delivery.run of the chart)"
            ) from None
        return cls(host, int(port), folder / "token", folder / "ca.crt")


def model_of(template: Path, resource: str) -> Model:
    """Return the ``Model`` that ``template`` (JSON) gives, ``{resource}`` in it being ``resource``.

    Raises
    ------
    ModelError
        If it is no ``Model`` of a namespace, or names none of its resource.
    """
    try:
        model: Model = json.loads(template.read_text().replace(RESOURCE_FIELD, resource))
        kind, name = model["kind"], model["metadata"]["name"]
        namespace, uri = model["metadata"]["namespace"], model["spec"]["storageUri"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"expected a Model of Seldon Core 2 in {template}, saw none: {error!r}"
        ) from None
    if (kind, name) != ("Model", resource) or not namespace or not uri.endswith(f"/{resource}"):
        raise ModelError(
            f"expected in {template} a Model named {RESOURCE_FIELD} whose storageUri ends with it, saw "
            f"{kind} {name} of {uri}"
        )
    return model


def apply(server: ApiServer, model: Model) -> None:
    """Create or change a ``Model`` as server-side apply does.

    Raises
    ------
    ModelUnavailableError
        If the API server cannot be reached.
    ModelError
        If it refuses, with its reason.
    """
    status, answer = _request(server, "PATCH", f"{_path(model)}?fieldManager={_OWNER}", model)
    if status not in (200, 201):
        name = model["metadata"]["name"]
        raise ModelError(
            f"expected Model {name} to be applied, the API server answered {status}: "
            f"{answer.get('message', answer)}"
        )


def state(server: ApiServer, model: Model) -> str:
    """Return what Core 2 says of a ``Model``: its conditions that are not met, for a message."""
    status, answer = _request(server, "GET", _path(model), None)
    if status != 200:
        return f"the API server answered {status}"
    conditions = answer.get("status", {}).get("conditions", ())
    unmet = [
        f"{one.get('type')}: {one.get('reason', '')} {one.get('message', '')}".strip()
        for one in conditions
        if one.get("status") != "True"
    ]
    return "; ".join(unmet) if conditions else "nothing; is Core 2's operator running?"


def _path(model: Model) -> str:
    place = model["metadata"]
    group = f"/apis/{model['apiVersion']}/namespaces/{place['namespace']}"
    return f"{group}/models/{place['name']}"


def _request(
    server: ApiServer, method: str, path: str, body: Model | None
) -> tuple[int, dict[str, Any]]:
    try:
        context = ssl.create_default_context(cafile=str(server.certificates))
        headers = {
            "authorization": f"Bearer {server.token.read_text().strip()}",
            # Every JSON is YAML.
            "content-type": "application/apply-patch+yaml",
        }
        connection = HTTPSConnection(server.host, server.port, timeout=_TIMEOUT_S, context=context)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, _json(response.read())
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        raise ModelUnavailableError(
            f"expected the API server at {server.host}:{server.port}: {error}"
        ) from error


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"message": text.decode(errors="replace")}
    return found if isinstance(found, dict) else {"message": str(found)}
