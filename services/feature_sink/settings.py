"""What differs between deployments of the feature sink."""

from pydantic import Field

from alphaline.runtime.feature_store import OnlineStoreSettings
from alphaline.runtime.settings import LineSettings


class Settings(LineSettings, OnlineStoreSettings):
    """Settings of step 2b."""

    feature_sets: str = Field(
        "intraday_v1", description="names with version that are stored, separated by commas"
    )
    # A full batch costs some 10 ms in both stores, and a Parquet part of 500 rows is 100 KB; smaller
    # ones only make more files. A live line never fills it: it flushes when nothing more comes.
    flush_rows: int = Field(500, ge=1, description="rows after which both stores are written")

    def stored_feature_sets(self) -> tuple[str, ...]:
        """Return the names in ``feature_sets``."""
        return tuple(name.strip() for name in self.feature_sets.split(",") if name.strip())
