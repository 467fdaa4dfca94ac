"""Hands a signed version to a running model server and makes sure that it answers."""

import json
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

import numpy as np
import stamina

from alphaline.errors import ModelError, ModelTimeoutError, ModelUnavailableError
from alphaline.runtime.inference import Predictor
from alphaline.runtime.model_directory import VerifiedModel, read_model
from alphaline.runtime.model_protocols import PROTOCOLS
from alphaline.runtime.model_resource import routed
from alphaline.runtime.onnx_predictor import OnnxPredictor
from alphaline.runtime.seldon_core2 import write_copy
from ci.core2 import ApiServer, apply, model_of, state

# The server verifies a few small files; a busy laptop takes a second.
_TIMEOUT_S = 30.0


class Core2(NamedTuple):
    """What a delivery needs to have Seldon Core 2 load a version.

    Parameters
    ----------
    template
        ``Model`` as JSON, with ``{resource}`` for its name and at the end of its ``storageUri``.
    account
        Folder with ``token`` and ``ca.crt`` of an account that may apply it.
    wait_s
        How long the version may take to be copied, loaded and routed to.
    """

    template: Path
    account: Path
    wait_s: float = 300.0


class ServerAddress(NamedTuple):
    """``host:port`` of the server's REST and gRPC endpoints; one of Seldon's protocol needs no REST.

    ``metadata`` goes with every call, for a router in front of it; ``core2`` is there where Seldon Core 2 loads the
    models.
    """

    http: str
    grpc: str
    protocol: str = "open_inference"
    metadata: Sequence[tuple[str, str]] = ()
    core2: Core2 | None = None


def hand_over(server: ServerAddress, directory: Path, public_key: Path) -> None:
    """Have the server load the store again, and ask it the golden rows of this version.

    A server of Seldon's protocol is only asked: it loads a version that it is asked for. Under Seldon Core 2 the
    version gets a copy and a ``Model``, and is asked until it is there.

    Raises
    ------
    ModelUnavailableError
        If the server cannot be reached.
    ModelError
        If it refused the version (with its reason), or answers other bits than this process does.
    """
    model = read_model(directory, public_key)
    named = (model.manifest.name, model.manifest.version, model.manifest.onnx_digest)
    metadata = routed(server.metadata, *named)
    predictor = PROTOCOLS[server.protocol](
        server.grpc, *named, model.manifest.column_count, metadata=metadata
    )
    try:
        if server.core2 is not None:
            _hand_to_core2(
                server.core2, directory, public_key, lambda: _check_golden(predictor, model)
            )
            return
        if server.protocol == "open_inference":
            _load(server.http, model.manifest.name, model.manifest.version)
        _check_golden(predictor, model)
    finally:
        predictor.close()


def _hand_to_core2(
    core2: Core2, directory: Path, public_key: Path, check: Callable[[], None]
) -> None:
    store = directory.parent.parent
    folder = write_copy(store, directory, public_key)
    resource = model_of(core2.template, folder.name)
    server = ApiServer.of_pod(core2.account)
    apply(server, resource)
    try:
        stamina.retry(on=_may_pass, attempts=None, timeout=core2.wait_s, wait_max=2.0)(check)()
    except (ModelUnavailableError, ModelTimeoutError) as error:
        raise ModelError(
            f"Model {folder.name} was applied and did not answer within {core2.wait_s:.0f} s: {error}; "
            f"Core 2 says of it: {state(server, resource)}"
        ) from error


def _may_pass(error: Exception) -> bool:
    # Until it is copied, loaded and routed to; an answer of another model will not become the right one.
    return isinstance(error, ModelUnavailableError | ModelTimeoutError)


def _check_golden(predictor: Predictor, model: VerifiedModel) -> None:
    served = predictor.predict(model.golden_rows, _TIMEOUT_S)
    expected = OnnxPredictor(model).predict(model.golden_rows)
    if served.tobytes() != expected.tobytes():
        raise ModelError(
            f"the model server answers {model.manifest.name} {model.manifest.version} with other bits than "
            f"this process: largest difference {float(np.abs(served - expected).max())}"
        )


def _load(address: str, name: str, version: str) -> None:
    _post(address, f"/v2/repository/models/{name}/load")
    status, text = _get(address, f"/v2/models/{name}/versions/{version}")
    if status != 200:
        raise ModelError(f"the model server refused {name} {version}: {_reason(text)}")


def _post(address: str, path: str) -> None:
    status, text = _request(address, "POST", path)
    if status != 200:
        raise ModelError(f"the model server at {address} refused {path}: {_reason(text)}")


def _get(address: str, path: str) -> tuple[int, str]:
    return _request(address, "GET", path)


def _request(address: str, method: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection(address, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        raise ModelUnavailableError(
            f"expected the model server at {address}: {error}; start it, or deliver without a server "
            "and it loads the version when it starts"
        ) from error
    finally:
        connection.close()


def _reason(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text
