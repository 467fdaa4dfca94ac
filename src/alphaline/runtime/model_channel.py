"""Calls of a model server, whatever its protocol: the channel, the deadline, and what a failure means."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import grpc

from alphaline.errors import InferenceError, ModelTimeoutError, ModelUnavailableError

Response = TypeVar("Response")
Metadata = Sequence[tuple[str, str]]

# Reconnect quickly after a server's restart; the library's own back-off grows to two minutes.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


def open_channel(target: str) -> grpc.Channel:
    """Return a channel to ``host:port`` of a server's gRPC endpoint."""
    return grpc.insecure_channel(target, options=_CHANNEL_OPTIONS)


def answer_of(
    call: Callable[..., Response],
    request: object,
    label: str,
    deadline_s: float | None,
    metadata: Metadata,
) -> Response:
    """Return what ``call`` answers to ``request``.

    Parameters
    ----------
    call
        A method of a generated stub.
    label
        Which model is asked where, for messages.
    deadline_s
        Seconds of wall time to wait. Null waits as long as it takes, for a server that is starting,
        too; with a deadline the call fails at once where nobody listens.
    metadata
        Names and values sent with the call.

    Raises
    ------
    ModelTimeoutError
        If the deadline passed.
    ModelUnavailableError
        On every other failure of the call.
    """
    try:
        return call(
            request, timeout=deadline_s, metadata=metadata, wait_for_ready=deadline_s is None
        )
    except grpc.RpcError as error:
        raise _fault(label, error) from error


def _fault(label: str, error: grpc.RpcError) -> InferenceError:
    code = error.code()
    detail = f"{label}: {code.name}: {error.details()}"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return ModelTimeoutError(f"{detail}; is the server overloaded?")
    return ModelUnavailableError(f"{detail}; is the server up and the model loaded?")
