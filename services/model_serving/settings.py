"""What differs between deployments of the model server, read once from the environment."""

from pathlib import Path
from typing import Literal

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
    store_layout: Literal["delivery", "core2"] = Field(
        "delivery",
        description="how folders stand in the store: as a delivery writes them, or as the agent of "
        "Seldon Core 2 puts them, which also says when each is loaded",
    )
    # Loopback: the server trusts whoever reaches it; a cluster puts a network policy in front.
    host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65_535)
    grpc_port: int = Field(ge=1, le=65_535)
    metrics_port: int = Field(ge=1, le=65_535)

    def ports(self) -> dict[str, int]:
        """Return each port by the variable that sets it."""
        prefix = str(self.model_config["env_prefix"])
        return {
            str(field.validation_alias or f"{prefix}{name}".upper()): getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name.endswith("_port")
        }


class SeldonServingSettings(ModelServingSettings):
    """The same for seldon-core's wrapper, whose ports Seldon's operator gives by names of its own."""

    # Core 2 has no wrapper: its agent speaks the Open Inference Protocol.
    store_layout: Literal["delivery"] = "delivery"
    http_port: int = Field(ge=1, le=65_535, validation_alias="PREDICTIVE_UNIT_HTTP_SERVICE_PORT")
    grpc_port: int = Field(ge=1, le=65_535, validation_alias="PREDICTIVE_UNIT_GRPC_SERVICE_PORT")
    metrics_port: int = Field(
        ge=1, le=65_535, validation_alias="PREDICTIVE_UNIT_METRICS_SERVICE_PORT"
    )
