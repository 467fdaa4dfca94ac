"""A gRPC proxy between a caller and a service: passes on, is slow, or answers garbage."""

import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Literal

import grpc

Mode = Literal["pass", "slow", "garbage"]

# No valid message of any contract begins with these bytes; nothing at all is an empty message.
GARBAGE = (b"\xff\xff\xff\xffgarbage", b"")
THREADS = 8


class FaultProxy:
    """Forwards unary calls as bytes, whatever their contract, to ``target``.

    Parameters
    ----------
    target
        ``host:port`` of the real service.
    slow_s
        How long an answer is held back in mode ``slow``.
    """

    def __init__(self, target: str, slow_s: float) -> None:
        self.mode: Mode = "pass"
        self._slow_s = slow_s
        self._garbage_sent = 0
        self._released = threading.Event()
        self._channel = grpc.insecure_channel(
            target,
            options=(
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 500),
            ),
        )
        self._server = grpc.server(futures.ThreadPoolExecutor(THREADS))
        self._server.add_generic_rpc_handlers((_Anything(self._forward),))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def close(self) -> None:
        """Stop answering."""
        self._released.set()
        self._server.stop(grace=0).wait()
        self._channel.close()

    def _forward(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        if self.mode == "garbage":
            self._garbage_sent += 1
            return GARBAGE[self._garbage_sent % len(GARBAGE)]
        if self.mode == "slow":
            self._released.wait(self._slow_s)
        call: Any = self._channel.unary_unary(method)
        try:
            answer: bytes = call(request, timeout=context.time_remaining())
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")
        return answer


class _Anything(grpc.GenericRpcHandler):
    def __init__(self, forward: Callable[[str, bytes, Any], bytes]) -> None:
        self._forward = forward

    def service(self, details: Any) -> Any:
        method = details.method
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._forward(method, request, context)
        )
