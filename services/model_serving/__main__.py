"""Wires settings → MLServer → run."""

import asyncio

from mlserver import Settings

from services.model_serving.listening import require_free_ports
from services.model_serving.mlserver_adapter import SignedModelRepository
from services.model_serving.mlserver_refusals import SignedModelServer
from services.model_serving.settings import ModelServingSettings


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
        model_repository_implementation=SignedModelRepository,
        model_repository_implementation_args={"public_key": str(settings.public_key)},
    )


async def serve(settings: ModelServingSettings) -> None:
    """Serve every signed model of the store until SIGTERM or SIGINT."""
    repository = SignedModelRepository(str(settings.model_store), str(settings.public_key))
    server = SignedModelServer(mlserver_settings(settings))
    await server.start(await repository.list())


def main() -> None:
    """Run the model server."""
    settings = ModelServingSettings()
    require_free_ports(settings.host, settings.ports())
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
