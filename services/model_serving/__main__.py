"""Wires settings → MLServer → run."""

import asyncio
import sys

from mlserver import MLServer, Settings

from alphaline.runtime.ports import is_free
from services.model_serving.mlserver_adapter import SignedModelRepository
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
    server = MLServer(mlserver_settings(settings))
    await server.start(await repository.list())


def require_free_ports(settings: ModelServingSettings) -> None:
    """End the process where a port is taken.

    gRPC would share a port with a second server in silence, and half of the requests go to each.
    """
    for name in ("http_port", "grpc_port", "metrics_port"):
        port = getattr(settings, name)
        if not is_free(port, settings.host):
            sys.exit(
                f"model server: port {port} of {settings.host} cannot be bound: stop what uses it or "
                f"set ALPHALINE_MODEL_SERVING_{name.upper()} to another one"
            )


def main() -> None:
    """Run the model server."""
    settings = ModelServingSettings()
    require_free_ports(settings)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
