"""What differs between deployments of the market data service."""

from datetime import date
from pathlib import Path

from pydantic import Field

from alphaline.market.replay import ReplayFaults
from alphaline.runtime.settings import LineSettings


class Settings(LineSettings):
    """Settings of step 1; the recording is named by its file, sessions and instrument."""

    replay_bars: Path = Field(
        Path("data/sample/spy_minute_2011.parquet"), description="recorded one-minute bars"
    )
    replay_first_session: date = Field(description="first session to publish")
    replay_last_session: date = Field(description="last session to publish")
    replay_speed: float = Field(
        0, ge=0, description="line seconds per wall second; 0: as fast as the line takes them"
    )
    replay_must_follow: bool = Field(
        False, description="refuse a recording with bars that the line's clock has passed"
    )
    replay_stays: bool = Field(False, description="stay up, idle, after the recording")
    allowed_lateness_ms: int = Field(0, ge=0, description="written into every clock record")
    duplicate_every: int = Field(0, ge=0, description="drill: every n-th bar twice")
    late_every: int = Field(0, ge=0, description="drill: every n-th bar one or two minutes late")
    beyond_every: int = Field(0, ge=0, description="drill: every n-th late bar four minutes late")

    def faults(self) -> ReplayFaults:
        """Return what the drill does to the recording."""
        return ReplayFaults(self.duplicate_every, self.late_every, self.beyond_every)
