"""The decisions that a strategy had to make, with what was known at each of them: read from Feast."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.features import feature_set
from alphaline.market.sessions import SessionTable
from alphaline.messages import MINUTE_NS
from alphaline.trading.strategy import Strategy
from feature_repo.store import build

# A bar of the session's last minutes is released with the line's lateness, after the close.
RELEASED_BY_NS = 5 * MINUTE_NS


@dataclass(frozen=True)
class Vectors:
    """Feature vectors of one instrument in the order in which they became known.

    Parameters
    ----------
    ts_event, known_at
        int64 (n,): start of the bar; the clock record that released it. UTC nanoseconds.
    values
        float32 (n, columns), NaN for null.
    close
        float64 (n,): close of the bar.
    engine
        Fingerprint of the engine that computed them, one for all.
    """

    ts_event: NDArray[np.int64]
    known_at: NDArray[np.int64]
    values: NDArray[np.float32]
    close: NDArray[np.float64]
    engine: str

    def __len__(self) -> int:
        return len(self.ts_event)

    def at(self, index: NDArray[np.intp]) -> Self:
        """Return the vectors at ``index``."""
        return replace(
            self,
            ts_event=self.ts_event[index],
            known_at=self.known_at[index],
            values=self.values[index],
            close=self.close[index],
        )


def asked_minutes(sessions: SessionTable) -> NDArray[np.int64]:
    """Return every clock record at which a bar of regular hours can have been released."""
    spans = zip(sessions.open.tolist(), sessions.close.tolist(), strict=True)
    return np.concatenate(
        [np.arange(open_, close + RELEASED_BY_NS + 1, MINUTE_NS) for open_, close in spans]
    )


def read_vectors(
    data_root: Path, strategy: Strategy, instrument: str, sessions: SessionTable
) -> Vectors:
    """Return the vectors that were released at clock records of regular hours, point in time.

    One query of Feast's own ``get_historical_features`` for all of them: for each minute the newest
    row known by then. A minute whose own vector is missing (a gap, no trade) shows an older one and
    is left out: the line decides on a vector once, when it comes.

    Raises
    ------
    DatasetError
        If the store has no rows for these sessions, rows of several engines, or the feature service
        serves other columns than the feature set has.
    """
    minutes = asked_minutes(sessions)
    store = build(data_root)
    service = store.get_feature_service(strategy.features.service)
    asked = pd.DataFrame(
        {"instrument": instrument, "event_timestamp": pd.to_datetime(minutes, utc=True)}
    )
    rows = store.get_historical_features(asked, service).to_df()
    rows = rows.sort_values("event_timestamp").dropna(subset=["ts_known_ns"])
    is_own = rows["ts_known_ns"].to_numpy(np.int64) == _nanoseconds(rows["event_timestamp"])
    return _vectors(rows[is_own], feature_set(strategy.features.set).column_names, instrument)


def _vectors(rows: pd.DataFrame, columns: Sequence[str], instrument: str) -> Vectors:
    missing = [column for column in columns if column not in rows.columns]
    if rows.empty or missing:
        raise DatasetError(
            f"{instrument}: expected feature rows with the columns of the feature set, saw"
            f" {len(rows)} rows and no columns {missing[:3]}; fill the feature store for these"
            " sessions and apply the repository"
        )
    engines = sorted(set(rows["engine"]))
    if len(engines) > 1:
        raise DatasetError(
            f"{instrument}: expected rows of one engine, saw {engines}; fold the history again with"
            " one of them"
        )
    return Vectors(
        ts_event=rows["ts_event"].to_numpy(np.int64),
        known_at=rows["ts_known_ns"].to_numpy(np.int64),
        values=rows[list(columns)].to_numpy(np.float32),
        close=rows["close"].to_numpy(np.float64),
        engine=engines[0],
    )


def _nanoseconds(times: pd.Series) -> NDArray[np.int64]:
    naive = times.dt.tz_convert("UTC").dt.tz_localize(None)
    nanoseconds: NDArray[np.int64] = naive.to_numpy("datetime64[ns]").astype(np.int64)
    return nanoseconds
