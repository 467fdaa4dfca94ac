"""What differs between deployments of the model server, read once from the environment."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelServingSettings(BaseSettings):
    """Variables are prefixed ``ALPHALINE_MODEL_SERVING_``."""

    model_config = SettingsConfigDict(
        env_prefix="ALPHALINE_MODEL_SERVING_",
        frozen=True,
        extra="ignore",
        protected_namespaces=(),
    )

    model_store: Path = Field(description="folder of signed models: <name>/<version>/")
    public_key: Path = Field(description="PEM file of the key that models are signed with")
    # Loopback: the server trusts whoever reaches it; a cluster puts a network policy in front.
    host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65_535)
    grpc_port: int = Field(ge=1, le=65_535)
    metrics_port: int = Field(ge=1, le=65_535)
