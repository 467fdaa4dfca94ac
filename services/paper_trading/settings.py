"""What differs between deployments of the paper trading service."""

from pathlib import Path

from pydantic import Field

from alphaline.runtime.ledger_settings import LedgerSettings
from alphaline.runtime.settings import LineSettings


class Settings(LineSettings, LedgerSettings):
    """Settings of step 5."""

    strategies: str = Field(description="strategy files, separated by commas")
    writer_epoch: int = Field(
        1, ge=1, description="fencing epoch; a standby takes over with a higher one"
    )
    commit_minutes: int = Field(
        60,
        ge=1,
        description="line minutes without a trade after which the place in the log is kept",
    )

    def strategy_files(self) -> list[Path]:
        """Return the paths of the strategy files."""
        return [Path(name.strip()) for name in self.strategies.split(",") if name.strip()]
