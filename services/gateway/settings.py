"""What differs between deployments of the gateway."""

from pydantic import Field

from alphaline.runtime.ledger_settings import LedgerSettings
from alphaline.runtime.settings import LineSettings


class Settings(LineSettings, LedgerSettings):
    """Settings of step 6."""

    gateway_host: str = Field("127.0.0.1", description="address to listen on; read-only, but open")
    gateway_port: int = Field(8080, ge=0, le=65_535, description="0 takes a free one")
    risk_address: str = Field(
        "", description="host:port of the risk service, for the kill switch; empty: not shown"
    )
    # A month of minutes is 22,000 clock records a partition; signals stand between them.
    history_records: int = Field(
        200_000, ge=1, description="records of each partition that are read again at start"
    )
    signal_capacity: int = Field(
        50_000, ge=1, description="signals kept in memory; oldest go first"
    )
    event_capacity: int = Field(
        10_000, ge=1, description="events that a stream client can catch up on after a pause"
    )
