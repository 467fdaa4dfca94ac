"""Where the ledger is: the settings of who writes it and of who reads it."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from alphaline.runtime.database import Place, chosen_place


class LedgerSettings(BaseSettings):
    """A SQLite file, or a PostgreSQL database."""

    model_config = SettingsConfigDict(env_prefix="ALPHALINE_", frozen=True, extra="ignore")

    ledger: Path | None = Field(
        None, description="SQLite file of the ledger; required where no database is set"
    )
    ledger_database: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL database of the ledger: postgresql://user:password@host:port/name",
    )

    def ledger_place(self) -> Place:
        """Return where the ledger is; ContractError where neither is set."""
        uri = self.ledger_database.get_secret_value()
        return chosen_place(uri, self.ledger, "ALPHALINE_LEDGER")
