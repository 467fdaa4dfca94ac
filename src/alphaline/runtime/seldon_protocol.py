"""A model behind Seldon Core's own protocol: a second gRPC adapter of the ``Predictor`` port.

The protocol names no model: which one is asked stands in the tags of the request, which one answered in
those of the answer. Numbers travel as doubles, which hold every float32 exactly.
"""

import numpy as np

from alphaline.errors import InferenceError, ModelAnswerInvalidError, ModelUnavailableError
from alphaline.runtime.inference import (
    Probabilities,
    Rows,
    checked_answer,
    checked_rows,
    exact_float32,
)
from alphaline.runtime.model_channel import (
    DIGEST_NAME,
    AnsweringModel,
    Metadata,
    answer_of,
    demand_model,
    open_channel,
)
from alphaline.runtime.rpc import seldon_pb2 as wire
from alphaline.runtime.rpc.seldon_pb2_grpc import SeldonStub

NAME_TAG, VERSION_TAG = "model_name", "model_version"
# Seldon's orchestrator reports some failures as a message with the status that HTTP would have.
_FIRST_FAILURE_CODE = 400


class SeldonPredictor:
    """The ``Predictor`` that asks by Seldon's protocol, and believes only the model it expects.

    Parameters
    ----------
    target
        ``host:port`` of the gRPC endpoint: the wrapper's own, or an orchestrator's in front of it.
    model_name, model_version, model_digest
        The model in force: asked by name and version, an answer of another digest is invalid.
    column_count, output_name
        From the model's manifest.
    metadata
        Names and values sent with every call: what a router between here and the server looks at.
    """

    def __init__(
        self,
        target: str,
        model_name: str,
        model_version: str,
        model_digest: str,
        column_count: int,
        output_name: str = "probability",
        metadata: Metadata = (),
    ) -> None:
        self.model_name = model_name
        self.model_version = model_version
        self.model_digest = model_digest
        self._column_count = column_count
        self._output_name = output_name
        self._metadata = tuple(metadata)
        self._label = f"{model_name} {model_version} at {target}"
        self._channel = open_channel(target)
        self._stub = SeldonStub(self._channel)

    def predict(self, rows: Rows, deadline_s: float | None = None) -> Probabilities:
        """Return the probability of each row; see ``Predictor.predict``."""
        rows = checked_rows(rows, self._column_count)
        if len(rows) == 0:
            return np.empty(0, dtype=np.float64)
        return self._ask(rows, deadline_s)

    def is_ready(self, deadline_s: float) -> bool:
        """Return whether the model answers a question of no rows within ``deadline_s``."""
        try:
            self._ask(np.empty((0, self._column_count), dtype=np.float32), deadline_s)
        except InferenceError:
            return False
        return True

    def close(self) -> None:
        """Give up the connection."""
        self._channel.close()

    def _ask(self, rows: Rows, deadline_s: float | None) -> Probabilities:
        response = answer_of(
            self._stub.Predict, self._request(rows), self._label, deadline_s, self._metadata
        )
        self._check_status(response.status)
        demand_model(self._label, self.model_digest, _answering(response.meta))
        return checked_answer(self._label, self._answer(response), len(rows))

    def _request(self, rows: Rows) -> wire.SeldonMessage:
        request = wire.SeldonMessage()
        request.meta.tags[NAME_TAG].string_value = self.model_name
        request.meta.tags[VERSION_TAG].string_value = self.model_version
        request.data.tensor.shape.extend(rows.shape)
        request.data.tensor.values.extend(rows.astype(np.float64).ravel().tolist())
        return request

    def _check_status(self, status: wire.Status) -> None:
        if status.status == wire.Status.FAILURE or status.code >= _FIRST_FAILURE_CODE:
            raise ModelUnavailableError(
                f"{self._label}: expected an answer, saw the failure {status.code} {status.reason}: "
                f"{status.info}"
            )

    def _answer(
        self, response: wire.SeldonMessage
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        names = list(response.data.names)
        if response.data.WhichOneof("data_oneof") != "tensor" or names != [self._output_name]:
            raise ModelAnswerInvalidError(
                f"{self._label}: expected one tensor {self._output_name}, saw "
                f"{response.data.WhichOneof('data_oneof')} {names}"
            )
        return self._floats(response.data.tensor)

    def _floats(self, tensor: wire.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        shape, values = tuple(tensor.shape), np.array(tensor.values, dtype=np.float64)
        if min(shape, default=0) < 0 or int(np.prod(shape)) != len(values):
            raise ModelAnswerInvalidError(
                f"{self._label}: expected {shape} values, saw {len(values)}"
            )
        try:
            return exact_float32(values).reshape(shape)
        except ValueError as error:
            raise ModelAnswerInvalidError(f"{self._label}: {error}") from error


def _answering(meta: wire.Meta) -> AnsweringModel:
    said = (meta.tags[tag].string_value for tag in (NAME_TAG, VERSION_TAG, DIGEST_NAME))
    return AnsweringModel(*said)
