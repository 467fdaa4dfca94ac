"""What differs between deployments of the feature service."""

from pydantic import Field

from alphaline.runtime.settings import LineSettings


class Settings(LineSettings):
    """Settings of step 2."""

    feature_set: str = Field("intraday_v1", description="name with version")
    snapshot_minutes: int = Field(
        60, ge=1, description="line minutes between two snapshots: what a restart folds again"
    )
