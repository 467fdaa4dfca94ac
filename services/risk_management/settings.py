"""What differs between deployments of the risk service."""

from pathlib import Path

from pydantic import Field, SecretStr

from alphaline.runtime.database import Place, chosen_place
from alphaline.runtime.settings import LineSettings


class Settings(LineSettings):
    """Settings of step 4."""

    limits: Path = Field(description="file of the risk profile")
    risk_listen: str = Field("127.0.0.1:0", description="host:port of the gRPC server")
    journal: Path | None = Field(
        None, description="SQLite file of the decision journal; required where no database is set"
    )
    journal_database: SecretStr = Field(
        SecretStr(""),
        description="PostgreSQL database of the journal: postgresql://user:password@host:port/name",
    )
    writer_epoch: int = Field(
        1, ge=1, description="fencing epoch; a standby takes over with a higher one"
    )
    model_store: Path = Field(description="folder of the delivered, signed models")
    public_key: Path = Field(description="key that the models' signatures are checked with")
    # Own fills and marks lag a few milliseconds behind; beyond this they are not coming.
    positions_deadline_ms: int = Field(
        500, ge=1, description="live: wait for own fills and marks before POSITIONS_STALE"
    )
    snapshot_minutes: int = Field(60, ge=1, description="line minutes between two snapshots")

    def journal_place(self) -> Place:
        """Return where the journal is kept; ContractError where neither is set."""
        uri = self.journal_database.get_secret_value()
        return chosen_place(uri, self.journal, "ALPHALINE_JOURNAL")
