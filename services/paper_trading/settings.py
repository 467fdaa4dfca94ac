"""What differs between deployments of the paper trading service."""

from pathlib import Path

from pydantic import Field, SecretStr

from alphaline.runtime.database import Place, chosen_place
from alphaline.runtime.settings import LineSettings


class Settings(LineSettings):
    """Settings of step 5."""

    strategies: str = Field(description="strategy files, separated by commas")
    ledger: Path | None = Field(
        None, description="SQLite file of the ledger; required where no database is set"
    )
    ledger_database: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL database of the ledger: postgresql://user:password@host:port/name",
    )
    writer_epoch: int = Field(
        1, ge=1, description="fencing epoch; a standby takes over with a higher one"
    )
    commit_minutes: int = Field(
        60,
        ge=1,
        description="line minutes without a trade after which the place in the log is kept",
    )

    def ledger_place(self) -> Place:
        """Return where the ledger is kept; ContractError where neither is set."""
        uri = self.ledger_database.get_secret_value()
        return chosen_place(uri, self.ledger, "ALPHALINE_LEDGER")

    def strategy_files(self) -> list[Path]:
        """Return the paths of the strategy files."""
        return [Path(name.strip()) for name in self.strategies.split(",") if name.strip()]
