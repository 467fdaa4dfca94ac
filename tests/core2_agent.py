"""What the agent of Seldon Core 2 does to a model and to a call, as its published sources describe it.

It is Seldon's program that does so on a cluster; here it is written again so that a real model server meets it.
"""

import json
import shutil
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from alphaline.runtime.rpc import open_inference_pb2 as wire
from alphaline.runtime.rpc.open_inference_pb2_grpc import (
    GRPCInferenceServiceStub,
    add_GRPCInferenceServiceServicer_to_server,
)

_KEPT = {"name", "platform", "versions", "parallel_workers", "implementation", "parameters"}
_LOAD = "/inference.GRPCInferenceService/RepositoryModelLoad"


def bring(folder: Path, root: Path, generation: int = 1, resource: str = "") -> str:
    """Copy what a ``Model`` points to and rewrite its settings; return the name that it is loaded by."""
    internal = f"{resource or folder.name}_{generation}"
    # The folder below is always the same: the generation is in the name.
    target = root / internal / "1"
    shutil.copytree(folder, target)
    path = target / "model-settings.json"
    settings = {
        name: value for name, value in json.loads(path.read_text()).items() if name in _KEPT
    }
    settings["name"] = internal
    settings["parameters"] = {**settings.get("parameters", {}), "version": "1"}
    path.write_text(json.dumps(settings))
    return internal


def load(address: str, internal: str) -> None:
    """Have the server load a model, by the call that the agent makes."""
    # RepositoryModelLoadRequest.model_name is field 2.
    request = b"\x12" + bytes([len(internal)]) + internal.encode()
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(_LOAD)(request, timeout=30, wait_for_ready=True)


class Agent:
    """Routes by the header, gives the model its internal name, and loads again what the server lost."""

    ServerLive = ServerReady = None  # registered with the rest, never called

    def __init__(self, server: str, routes: dict[str, str]) -> None:
        self._server = server
        self._stub = GRPCInferenceServiceStub(grpc.insecure_channel(server))
        self.routes = routes

    def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Ask under the internal name and no version."""
        return self._asked(self._stub.ModelInfer, request, "model_name", "model_version", context)

    def ModelReady(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Ask under the internal name and no version."""
        return self._asked(self._stub.ModelReady, request, "name", "version", context)

    def _asked(
        self, call: Any, request: Any, name: str, version: str, context: grpc.ServicerContext
    ) -> Any:
        headers = dict(context.invocation_metadata())
        internal = self.routes.get(headers.get("seldon-model", ""))
        if internal is None or "x-seldon-route" in headers:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no route")
        setattr(request, name, internal)
        setattr(request, version, "")
        try:
            return self._again(call, request, internal)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())

    def _again(self, call: Any, request: Any, internal: str) -> Any:
        try:
            return call(request, timeout=30)
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE):
                raise
            load(self._server, internal)
            return call(request, timeout=30)


class RenamingAgent(Agent):
    """Also answers under the internal name, as a server does that knows the model by no other."""

    def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Ask as usual; the answer carries what the model was asked by."""
        response: wire.ModelInferResponse = super().ModelInfer(request, context)
        response.model_name, response.model_version = request.model_name, "1"
        return response


@contextmanager
def running_agent(agent: Agent) -> Iterator[str]:
    """Listen on a free port and return ``host:port``."""
    process = grpc.server(futures.ThreadPoolExecutor(4))
    add_GRPCInferenceServiceServicer_to_server(agent, process)
    port = process.add_insecure_port("127.0.0.1:0")
    process.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.stop(None).wait()
