"""Wires settings → MLServer → run."""

import asyncio

from mlserver import Settings

from services.model_serving.core2_adapter import AgentRepository
from services.model_serving.listening import require_free_ports
from services.model_serving.mlserver_adapter import SignedModelRepository, VersionSettings
from services.model_serving.mlserver_refusals import SignedModelServer
from services.model_serving.settings import ModelServingSettings

_REPOSITORIES = {"delivery": SignedModelRepository, "core2": AgentRepository}


def mlserver_settings(settings: ModelServingSettings) -> Settings:
    """Return MLServer's settings: one process, no model loaded but what the store has signed."""
    return Settings(
        debug=False,
        host=settings.host,
        http_port=settings.http_port,
        grpc_port=settings.grpc_port,
        metrics_port=settings.metrics_port,
        # In this process: a row takes microseconds, a queue to a worker would take longer.
        parallel_workers=0,
        model_repository_root=str(settings.model_store),
        model_repository_implementation=_REPOSITORIES[settings.store_layout],
        model_repository_implementation_args={"public_key": str(settings.public_key)},
    )


async def serve(settings: ModelServingSettings) -> None:
    """Serve every signed model of the store until SIGTERM or SIGINT.

    Under Seldon Core 2 none is loaded at the start: its agent says which are to be, and when.
    """
    server = SignedModelServer(mlserver_settings(settings))
    await server.start([] if settings.store_layout == "core2" else await _all(settings))


async def _all(settings: ModelServingSettings) -> VersionSettings:
    repository = SignedModelRepository(str(settings.model_store), str(settings.public_key))
    return await repository.list()


def main() -> None:
    """Run the model server."""
    settings = ModelServingSettings()
    require_free_ports(settings.host, settings.ports())
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
