"""Hands a signed version to a running model server and makes sure that it answers."""

import json
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alphaline.errors import ModelError, ModelUnavailableError
from alphaline.runtime.model_directory import read_model
from alphaline.runtime.model_protocols import PROTOCOLS
from alphaline.runtime.onnx_predictor import OnnxPredictor

# The server verifies a few small files; a busy laptop takes a second.
_TIMEOUT_S = 30.0


class ServerAddress(NamedTuple):
    """``host:port`` of the server's REST and gRPC endpoints; one of Seldon's protocol needs no REST."""

    http: str
    grpc: str
    protocol: str = "open_inference"


def hand_over(server: ServerAddress, directory: Path, public_key: Path) -> None:
    """Have the server load the store again, and ask it the golden rows of this version.

    A server of Seldon's protocol is only asked: it loads a version that it is asked for.

    Raises
    ------
    ModelUnavailableError
        If the server cannot be reached.
    ModelError
        If it refused the version (with its reason), or answers other bits than this process does.
    """
    model = read_model(directory, public_key)
    name, version = model.manifest.name, model.manifest.version
    if server.protocol == "open_inference":
        _load(server.http, name, version)
    predictor = PROTOCOLS[server.protocol](
        server.grpc, name, version, model.manifest.onnx_digest, model.manifest.column_count
    )
    try:
        served = predictor.predict(model.golden_rows, _TIMEOUT_S)
    finally:
        predictor.close()
    expected = OnnxPredictor(model).predict(model.golden_rows)
    if served.tobytes() != expected.tobytes():
        raise ModelError(
            f"the model server answers {name} {version} with other bits than this process: "
            f"largest difference {float(np.abs(served - expected).max())}"
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
