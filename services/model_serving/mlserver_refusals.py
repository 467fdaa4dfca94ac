"""MLServer beside refused versions: they hold no other up, and a call hears why.

MLServer by itself is ready only where every model is, and of a refused one says "not ready yet".
"""

from typing import Any

from mlserver import MLServer
from mlserver.errors import InferenceError, ModelNotReady
from mlserver.handlers import DataPlane
from mlserver.registry import MultiModelRegistry
from mlserver.types import InferenceRequest, InferenceResponse

from services.model_serving.core import why_nothing_is_served


class SignedModelServer(MLServer):  # type: ignore[misc] # MLServer ships no types
    """MLServer over ``SignedOnnxModel``; every other model would lack what is asked here."""

    _data_plane: Any

    def _create_servers(self) -> None:
        # No setting names another data plane; REST and gRPC both get theirs here.
        self._data_plane = SignedDataPlane(self._data_plane, self._model_registry)
        super()._create_servers()


class SignedDataPlane:
    """MLServer's data plane, but for the server's readiness and calls of a refused version."""

    def __init__(self, made: DataPlane, registry: MultiModelRegistry) -> None:
        self._made = made
        self._registry = registry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    async def ready(self) -> bool:
        """Return whether a version is served, or the store has none yet."""
        models = await self._registry.get_models()
        return not why_nothing_is_served(model.served for model in models)

    async def infer(
        self, payload: InferenceRequest, name: str, version: str | None = None
    ) -> InferenceResponse:
        """Return the answer of a version, or the reason why it was refused."""
        try:
            return await self._made.infer(payload, name, version)
        except ModelNotReady as error:
            model = await self._registry.get_model(name, version)
            raise InferenceError(model.served.why_not_served()) from error
