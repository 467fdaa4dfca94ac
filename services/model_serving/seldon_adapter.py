"""seldon-core's wrapper ↔ the core: messages in and out, for REST and gRPC alike."""

import logging
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.metrics import SeldonMetrics
from seldon_core.proto.prediction_pb2 import DefaultData, SeldonMessage
from seldon_core.utils import json_to_seldon_message, seldon_message_to_json

from alphaline.errors import ModelUnavailableError
from alphaline.messages.manifests import ModelManifest
from alphaline.runtime.inference import exact_float32
from services.model_serving.core import Answer, ServedModel
from services.model_serving.store import ServedStore

_log = logging.getLogger(__name__)
_SERVICE = {"service": "model_serving"}


class Refusal(SeldonMicroserviceException):  # type: ignore[misc] # seldon-core ships no types
    """What a caller is told: by REST with a status, by gRPC as the text of an UNKNOWN.

    The wrapper's own exception has no text, so that a gRPC caller would read nothing.
    """

    def __init__(self, message: str, status: HTTPStatus) -> None:
        super().__init__(message, status_code=status.value, reason=status.name)

    def __str__(self) -> str:
        return str(self.message)


class SignedModels:
    """The user class of the wrapper: every signed version of a store.

    The protocol names no model: the tags ``model_name`` and ``model_version`` of a message's meta do.

    Parameters
    ----------
    model_store, public_key
        Folder of signed models and PEM file of the key to trust.
    metrics
        Where loads and failures are counted; without it they are only logged.
    """

    def __init__(
        self, model_store: str, public_key: str, metrics: SeldonMetrics | None = None
    ) -> None:
        self._store = ServedStore(Path(model_store), Path(public_key), self._note_load)
        self._metrics = metrics

    def load(self) -> None:
        """Load what the store has signed; the wrapper calls it once for REST and once for gRPC."""
        self._store.load()

    def predict_raw(self, message: Any) -> Any:
        """Answer a message of gRPC, or the JSON of REST in kind.

        Whole messages, not the arrays that the wrapper would make of them: it would read a tensor
        whose shape asks for more values than there are beyond its end, take strings for numbers, and
        repeat the tags of the question as if they were ours.
        """
        if isinstance(message, SeldonMessage):
            return self._answer(message)
        return seldon_message_to_json(self._answer(json_to_seldon_message(message)))

    def health_status(self) -> dict[str, Any]:
        """Return that a signed version is served, or that the store has none yet.

        Raises
        ------
        Refusal
            With the reasons where nothing is served: each version refused, or the store unreadable.
        """
        reasons = self._store.why_not_ready()
        if reasons:
            raise Refusal("; ".join(reasons), HTTPStatus.SERVICE_UNAVAILABLE)
        return {"ready": True}

    def _answer(self, question: SeldonMessage) -> SeldonMessage:
        try:
            served = self._asked(question)
        except ModelUnavailableError as error:
            raise self._refusal(error, HTTPStatus.NOT_FOUND) from None
        try:
            manifest = served.manifest()  # a refused model says why before its rows are looked at
            return _response(question, manifest, served.answer(_rows(question.data)))
        except ModelUnavailableError as error:
            raise self._refusal(error, HTTPStatus.SERVICE_UNAVAILABLE, served) from None
        except ValueError as error:
            raise self._refusal(error, HTTPStatus.BAD_REQUEST, served) from None

    def _asked(self, question: SeldonMessage) -> ServedModel:
        name, version = (_tag(question, tag) for tag in ("model_name", "model_version"))
        return self._store.of(name, version) if name or version else self._store.only()

    def _refusal(
        self, error: Exception, status: HTTPStatus, served: ServedModel | None = None
    ) -> Refusal:
        # Named only where the store has it: a caller's invention would be a time series of its own.
        name, version = ("", "") if served is None else (served.name, served.version)
        self._measure("COUNTER", "model_infer_request_failure", 1.0, name, version)
        return Refusal(str(error), status)

    def _note_load(self, served: ServedModel) -> None:
        if not served.is_ready:
            _log.error("model refused: %s %s: %s", served.name, served.version, served.refusal)
        value = float(served.is_ready)
        self._measure("GAUGE", "model_serving_load_accepted", value, served.name, served.version)

    def _measure(self, kind: str, key: str, value: float, name: str, version: str) -> None:
        if self._metrics is not None:
            tags = {"model": name, "version": version, **_SERVICE}
            measured = {"type": kind, "key": key, "value": value, "tags": tags}
            self._metrics.update([measured], "predict" if kind == "COUNTER" else "load")


def _tag(message: SeldonMessage, tag: str) -> str:
    # Only read: asking a map for a name that it lacks would add it.
    return str(message.meta.tags[tag].string_value) if tag in message.meta.tags else ""


def _rows(data: DefaultData) -> npt.NDArray[np.float32]:
    kind = data.WhichOneof("data_oneof")
    if kind == "tensor":
        return _of_tensor(data.tensor)
    if kind == "ndarray":
        return exact_float32(np.array([_numbers(row) for row in data.ndarray.values], np.float64))
    raise ValueError(f"expected data.tensor or data.ndarray, saw {kind or 'no data'}")


def _of_tensor(tensor: Any) -> npt.NDArray[np.float32]:
    shape = tuple(tensor.shape)
    # A copy of the list inside: Protobuf without its C extension is slow to iterate.
    values = np.array(tensor.values[:], dtype=np.float64)
    if min(shape, default=0) < 0 or int(np.prod(shape)) != len(values):
        raise ValueError(f"expected values of shape {shape}, saw {len(values)}: cannot reshape")
    return exact_float32(values).reshape(shape)


def _numbers(row: Any) -> list[float]:
    entries = [(value.WhichOneof("kind"), value) for value in row.list_value.values]
    foreign = {kind for kind, _ in entries} - {"number_value", "null_value"}
    if foreign:
        raise ValueError(f"expected numbers or null in each row, saw {sorted(foreign)}")
    return [value.number_value if kind == "number_value" else np.nan for kind, value in entries]


def _response(question: SeldonMessage, manifest: ModelManifest, answer: Answer) -> SeldonMessage:
    response = SeldonMessage()
    response.meta.puid = question.meta.puid
    for tag, value in _evidence(manifest).items():
        response.meta.tags[tag].string_value = value
    response.data.names.append(manifest.output_name)
    response.data.tensor.shape.extend([len(answer.probabilities), 1])
    response.data.tensor.values.extend(answer.probabilities.tolist())
    if len(answer.probabilities):  # a question of no rows asks for readiness
        _count_success(response, manifest)
    return response


def _evidence(manifest: ModelManifest) -> dict[str, str]:
    return {
        "model_name": manifest.name,
        "model_version": manifest.version,
        "model_digest": manifest.onnx_digest,
        "stage_proof": manifest.stage_proof(),
        "verdict": manifest.verdict,
    }


def _count_success(response: SeldonMessage, manifest: ModelManifest) -> None:
    metric = response.meta.metrics.add(key="model_infer_request_success", value=1.0)
    metric.tags.update({"model": manifest.name, "version": manifest.version, **_SERVICE})
