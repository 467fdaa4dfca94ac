"""A model behind the Open Inference Protocol: the gRPC adapter of the ``Predictor`` port."""

import grpc
import numpy as np

from alphaline.errors import ModelAnswerInvalidError
from alphaline.runtime.inference import Probabilities, Rows, checked_answer, checked_rows
from alphaline.runtime.model_channel import (
    DIGEST_NAME,
    AnsweringModel,
    Metadata,
    answer_of,
    demand_model,
    open_channel,
)
from alphaline.runtime.rpc import open_inference_pb2 as wire
from alphaline.runtime.rpc.open_inference_pb2_grpc import GRPCInferenceServiceStub


class OpenInferencePredictor:
    """The ``Predictor`` that asks a server, and believes only the model it expects.

    Parameters
    ----------
    target
        ``host:port`` of the server's gRPC endpoint.
    model_name, model_version, model_digest
        The model in force: asked by name and version, an answer of another digest is invalid.
    column_count, input_name, output_name
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
        input_name: str = "features",
        output_name: str = "probability",
        metadata: Metadata = (),
    ) -> None:
        self.model_name = model_name
        self.model_version = model_version
        self.model_digest = model_digest
        self._column_count = column_count
        self._input_name = input_name
        self._output_name = output_name
        self._metadata = tuple(metadata)
        self._label = f"{model_name} {model_version} at {target}"
        self._channel = open_channel(target)
        self._stub = GRPCInferenceServiceStub(self._channel)

    def predict(self, rows: Rows, deadline_s: float | None = None) -> Probabilities:
        """Return the probability of each row; see ``Predictor.predict``."""
        rows = checked_rows(rows, self._column_count)
        if len(rows) == 0:
            return np.empty(0, dtype=np.float64)
        response = answer_of(
            self._stub.ModelInfer, self._request(rows), self._label, deadline_s, self._metadata
        )
        demand_model(self._label, self.model_digest, _answering(response))
        return checked_answer(self._label, self._answer(response, len(rows)), len(rows))

    def is_ready(self, deadline_s: float) -> bool:
        """Return whether the server answers within ``deadline_s`` that the model is ready."""
        request = wire.ModelReadyRequest(name=self.model_name, version=self.model_version)
        try:
            answer = self._stub.ModelReady(request, timeout=deadline_s, metadata=self._metadata)
            return bool(answer.ready)
        except grpc.RpcError:
            return False

    def close(self) -> None:
        """Give up the connection."""
        self._channel.close()

    def _request(self, rows: Rows) -> wire.ModelInferRequest:
        tensor = wire.ModelInferRequest.InferInputTensor(
            name=self._input_name, datatype="FP32", shape=rows.shape
        )
        return wire.ModelInferRequest(
            model_name=self.model_name,
            model_version=self.model_version,
            inputs=[tensor],
            # Little-endian by the protocol, whatever this machine is.
            raw_input_contents=[rows.astype("<f4", copy=False).tobytes()],
        )

    def _answer(
        self, response: wire.ModelInferResponse, count: int
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        names = [(tensor.name, tensor.datatype) for tensor in response.outputs]
        if names != [(self._output_name, "FP32")]:
            raise ModelAnswerInvalidError(
                f"{self._label}: expected one FP32 output {self._output_name}, saw {names}"
            )
        tensor = response.outputs[0]
        if response.raw_output_contents:
            raw = response.raw_output_contents[0]
            if len(raw) != 4 * count:
                raise ModelAnswerInvalidError(
                    f"{self._label}: expected {4 * count} bytes, saw {len(raw)}"
                )
            values = np.frombuffer(raw, dtype="<f4")
        else:
            values = np.array(tensor.contents.fp32_contents, dtype=np.float32)
        shape = tuple(tensor.shape)
        if int(np.prod(shape)) != len(values):
            raise ModelAnswerInvalidError(
                f"{self._label}: expected {shape} values, saw {len(values)}"
            )
        return values.reshape(shape)


def _answering(response: wire.ModelInferResponse) -> AnsweringModel:
    digest = response.parameters[DIGEST_NAME].string_param
    return AnsweringModel(response.model_name, response.model_version, digest)
