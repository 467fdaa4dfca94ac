"""What differs between deployments of the signal service."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from alphaline.runtime.model_channel import call_metadata
from alphaline.runtime.settings import LineSettings

# A brace stands for nothing but {resource}: a misspelt field would be sent as it is, and route nowhere.
_PAIR = r"[a-z0-9_.-]+=([^,=\s{}]|\{resource\})+"
_METADATA = rf"^$|^{_PAIR}(,{_PAIR})*$"


class Settings(LineSettings):
    """Settings of step 3."""

    strategies: str = Field(description="strategy files, separated by commas")
    risk_address: str = Field(description="host:port of the risk service")
    inference: Literal["open_inference", "seldon", "in_process"] = Field(
        "open_inference",
        description="ask a model server by the Open Inference Protocol or by Seldon's own, or run the "
        "signed file in this process",
    )
    model_server_address: str = Field(
        "", description="host:port of the model server's gRPC endpoint"
    )
    model_server_metadata: str = Field(
        "",
        pattern=_METADATA,
        description="name=value of every call to the model server, separated by commas: what a router "
        "in front of it looks at; {resource} stands for the model's resource under Seldon Core 2",
    )
    model_store: Path = Field(description="folder of the delivered, signed models")
    public_key: Path = Field(description="key that the models' signatures are checked with")
    # A line of one-minute bars has a minute; these leave room for a slow disk or collector pause and
    # still deny long before the next bar.
    inference_deadline_ms: int = Field(
        500, ge=1, description="live: wait for the model, per minute"
    )
    risk_deadline_ms: int = Field(
        1_000, ge=1, description="live: wait for the verdict, per proposal"
    )

    def call_metadata(self) -> list[tuple[str, str]]:
        """Return names and values that go with every call to the model server."""
        return call_metadata(self.model_server_metadata)

    def strategy_files(self) -> list[Path]:
        """Return the paths of the strategy files."""
        return [Path(name.strip()) for name in self.strategies.split(",") if name.strip()]
