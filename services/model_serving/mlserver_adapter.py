"""MLServer ↔ the core: tensors in and out, and the store as its model repository."""

import logging
from pathlib import Path

import numpy as np
from mlserver import MLModel, ModelSettings
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError, ModelNotFound
from mlserver.repository import ModelRepository
from mlserver.settings import ModelParameters
from mlserver.types import (
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataTensor,
    Parameters,
    RequestInput,
    ResponseOutput,
)
from prometheus_client import REGISTRY

from alphaline.errors import ModelUnavailableError
from alphaline.messages.manifests import ModelManifest
from alphaline.runtime.model_directory import signed_models, signed_versions, version_directory
from alphaline.runtime.telemetry import Telemetry
from services.model_serving.core import ServedModel

_log = logging.getLogger("mlserver")
VersionSettings = list[ModelSettings]
# MLServer serves this registry on its metrics port, beside what it counts itself.
_telemetry = Telemetry("model_serving", REGISTRY)


class SignedModelRepository(ModelRepository):  # type: ignore[misc] # MLServer ships no types
    """Every signed version in the store; a folder without a signature does not exist for it."""

    def __init__(self, root: str, public_key: str) -> None:
        self._root = Path(root)
        self._public_key = public_key

    async def list(self) -> VersionSettings:
        """Return the settings of every signed version of every model."""
        return [self._settings(name, version) for name, version in signed_models(self._root)]

    async def find(self, name: str) -> VersionSettings:
        """Return the settings of every signed version of ``name``."""
        versions = signed_versions(self._root, name)
        if not versions:
            raise ModelNotFound(name)
        return [self._settings(name, version) for version in versions]

    def _settings(self, name: str, version: str) -> ModelSettings:
        directory = version_directory(self._root, name, version)
        return model_settings(name, version, directory, self._public_key, SignedOnnxModel)


def model_settings(
    name: str, version: str, directory: Path, public_key: str, implementation: type
) -> ModelSettings:
    """Return what makes MLServer serve the signed ``directory`` under ``name`` and ``version``."""
    return ModelSettings(
        name=name,
        implementation=f"{implementation.__module__}.{implementation.__name__}",
        parameters=ModelParameters(
            version=version, uri=str(directory), extra={"public_key": public_key}
        ),
    )


class SignedOnnxModel(MLModel):  # type: ignore[misc] # MLServer ships no types
    """One signed version behind the Open Inference Protocol."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__(settings)
        parameters = settings.parameters
        self.served = ServedModel(Path(parameters.uri), Path(parameters.extra["public_key"]))

    async def load(self) -> bool:
        """Return whether the folder was exactly what was signed; a refused model is not ready."""
        served = self.served
        is_accepted = served.load()
        if not is_accepted:
            _log.error("model refused: %s %s: %s", served.name, served.version, served.refusal)
        _telemetry.gauge(
            "model_serving_load_accepted", model=served.name, version=served.version
        ).set(is_accepted)
        return is_accepted

    async def unload(self) -> bool:
        """Stop answering."""
        self.served.unload()
        return True

    async def metadata(self) -> MetadataModelResponse:
        """Return name, version and tensors, or the reason why the model was refused."""
        try:
            manifest = self.served.manifest()
        except ModelUnavailableError as error:
            raise InferenceError(str(error)) from error
        return MetadataModelResponse(
            name=manifest.name,
            versions=[manifest.version],
            platform="onnx",
            inputs=[
                MetadataTensor(
                    name=manifest.input_name, datatype="FP32", shape=[-1, manifest.column_count]
                )
            ],
            outputs=[MetadataTensor(name=manifest.output_name, datatype="FP32", shape=[-1, 1])],
            parameters=_evidence(manifest),
        )

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return one probability per row, with the model's name, version and digest."""
        try:
            manifest = self.served.manifest()
            answer = self.served.answer(_rows(payload, manifest))
        except (ModelUnavailableError, ValueError) as error:
            raise InferenceError(str(error)) from error
        return InferenceResponse(
            model_name=manifest.name,
            model_version=manifest.version,
            parameters=_evidence(manifest),
            outputs=[
                ResponseOutput(
                    name=manifest.output_name,
                    datatype="FP32",
                    shape=[len(answer.probabilities), 1],
                    data=answer.probabilities.tolist(),
                )
            ],
        )


def _evidence(manifest: ModelManifest) -> Parameters:
    return Parameters(
        model_digest=manifest.onnx_digest,
        stage_proof=manifest.stage_proof(),
        verdict=manifest.verdict,
    )


def _rows(
    payload: InferenceRequest, manifest: ModelManifest
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    named = [tensor for tensor in payload.inputs if tensor.name == manifest.input_name]
    if len(payload.inputs) != 1 or len(named) != 1 or str(named[0].datatype) != "FP32":
        seen = [(tensor.name, str(tensor.datatype)) for tensor in payload.inputs]
        raise ValueError(f"expected one FP32 input {manifest.input_name}, saw {seen}")
    return _decoded(named[0])


def _decoded(tensor: RequestInput) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    try:
        return np.asarray(NumpyCodec.decode_input(tensor), dtype=np.float32)
    except TypeError as error:
        raise ValueError(f"expected numbers or null, saw {error}") from error
