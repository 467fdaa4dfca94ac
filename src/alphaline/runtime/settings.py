"""What differs between deployments, read once from the environment; each service adds its own."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LineSettings(BaseSettings):
    """Settings that every service of the line has; variables are prefixed ``ALPHALINE_``."""

    # An error of one variable would print the others with it, and some hold passwords.
    model_config = SettingsConfigDict(
        env_prefix="ALPHALINE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    kafka_bootstrap_servers: str = Field(
        validation_alias="KAFKA_BOOTSTRAP_SERVERS", description="host:port of one or more brokers"
    )
    topic_prefix: str = Field("", description="isolates environments that share a cluster")
    partition_count: int = Field(2, ge=1, description="partitions of every topic of the line")
    partitions: str = Field("all", description="partitions of this worker: all, or 0,1,…")
    data_root: Path = Field(description="folder of everything that this deployment keeps")
    reference_root: Path = Field(
        Path("data/sample"), description="session calendar and instrument master"
    )
    clock_mode: Literal["replay", "live"] = Field(
        "live", description="live judges deadlines by the wall; replay waits"
    )
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(0, ge=0, le=65_535, description="0 takes a free one")
    crash_at: str = Field(
        "",
        description="fault drill: received|published|committed:<records>, then SIGKILL to itself",
    )

    replay_instrument: str = Field("eq.us.spy", description="whose bars a recording holds")
    clone_count: int = Field(
        0, ge=0, description="benchmark: publish the recording under so many ids instead"
    )

    def clones(self) -> tuple[str, int] | None:
        """Return what the decoder needs to know of cloned instruments."""
        return (self.replay_instrument, self.clone_count) if self.clone_count else None

    def own_partitions(self) -> tuple[int, ...]:
        """Return the partitions that this worker reads and writes.

        Raises
        ------
        ValueError
            If a partition is not among those of the line.
        """
        if self.partitions == "all":
            return tuple(range(self.partition_count))
        numbers = tuple(int(number) for number in self.partitions.split(","))
        if any(not 0 <= number < self.partition_count for number in numbers):
            raise ValueError(
                f"ALPHALINE_PARTITIONS={self.partitions}: expected numbers below "
                f"{self.partition_count} (ALPHALINE_PARTITION_COUNT) or all"
            )
        return numbers
