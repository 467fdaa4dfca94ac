"""What differs between deployments of the lake sink."""

from pathlib import Path

from pydantic import Field

from alphaline.runtime.settings import LineSettings


class Settings(LineSettings):
    """Settings of step 2b, the lake."""

    lake_root: Path = Field(description="folder of the lake")
    # A few megabytes of rows: files large enough to read fast, a loss of seconds to redo.
    flush_rows: int = Field(50_000, ge=1, description="write files after so many rows")
