"""Calls of a model server by any protocol: channel, deadline, what a failure means, whose answer it is."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import grpc

from alphaline.errors import (
    InferenceError,
    ModelAnswerInvalidError,
    ModelTimeoutError,
    ModelUnavailableError,
)

Response = TypeVar("Response")
Metadata = Sequence[tuple[str, str]]

# Under this name every server of ours gives the digest of the ONNX file that answered.
DIGEST_NAME = "model_digest"


class AnsweringModel(NamedTuple):
    """What an answer says of the model that gave it; empty where it says nothing."""

    name: str
    version: str
    digest: str


# Reconnect quickly after a server's restart; the library's own back-off grows to two minutes.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


def call_metadata(pairs: str) -> list[tuple[str, str]]:
    """Return the names and values of ``name=value,name=value``."""
    parted = [pair.partition("=") for pair in pairs.split(",") if pair]
    return [(name, value) for name, _, value in parted]


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


def demand_model(label: str, digest: str, seen: AnsweringModel) -> None:
    """Return if an answer is of the model that was announced.

    Its digest says so, which a signature covers. Name and version do not count: some servers call a
    model otherwise than its manifest does (Seldon Core 2 by a name and a generation of its own).

    Parameters
    ----------
    label
        Which model is asked where, for messages.
    digest
        Digest of the ONNX file that the announcement names.
    seen
        What the answer says of its model.

    Raises
    ------
    ModelAnswerInvalidError
        If it carries another digest, or none.
    """
    if seen.digest == digest:
        return
    called = f"one of {seen.name or 'no name'} {seen.version or 'without a version'}"
    if not seen.digest:
        raise ModelAnswerInvalidError(
            f"{label}: expected an answer of {digest}, saw {called} without {DIGEST_NAME}, which proves "
            "nothing; upgrade the model server before the services that ask it"
        )
    raise ModelAnswerInvalidError(
        f"{label}: expected an answer of {digest}, saw {called} with {seen.digest}"
    )


def _fault(label: str, error: grpc.RpcError) -> InferenceError:
    code = error.code()
    detail = f"{label}: {code.name}: {error.details()}"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return ModelTimeoutError(f"{detail}; is the server overloaded?")
    return ModelUnavailableError(f"{detail}; is the server up and the model loaded?")
