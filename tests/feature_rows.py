"""Rows of a small feature set, and plain Feast over the stores that hold them."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from feast import FeatureStore
from hypothesis import strategies as st

from alphaline.messages import MINUTE_NS, FeatureVector
from alphaline.runtime.feature_store import FeatureTable, OnlineStoreSettings
from alphaline.runtime.feature_store.offline import arrow_rows
from feature_repo.store import apply

TABLE = FeatureTable("intraday_v1", ("return_1m", "rsi_14", "vix_close"))
MONDAY = pd.Timestamp("2011-01-03 14:30", tz="UTC").value
SPY, IBM = "eq.us.spy", "eq.us.ibm"
SQLITE = OnlineStoreSettings(online_store="sqlite")

float32s = st.floats(width=32, allow_nan=False, allow_infinity=False)
rows = st.lists(
    st.tuples(
        st.sampled_from((SPY, IBM)),
        st.lists(st.none() | float32s, min_size=3, max_size=3),
        st.integers(1, 3 * MINUTE_NS),
    ),
    min_size=1,
    max_size=8,
)


def vector(
    minute: int,
    values: Sequence[float | None] = (0.5, -1.25, None),
    instrument: str = SPY,
    delay_ns: int = MINUTE_NS,
) -> FeatureVector:
    ts_event = MONDAY + minute * MINUTE_NS
    return FeatureVector(
        instrument=instrument,
        ts_event=ts_event,
        ts_known=ts_event + delay_ns,
        feature_set="intraday_v1",
        values=tuple(None if v is None else float(np.float32(v)) for v in values),
        status="".join("w" if v is None else "k" for v in values),
        close=127.125,
        engine="generic",
    )


@contextmanager
def closing_store(data_root: Path, online: OnlineStoreSettings = SQLITE) -> Iterator[FeatureStore]:
    """Apply the repository under ``data_root`` and close what Feast leaves open."""
    store = apply(data_root, [TABLE], online)
    yield store
    feast_online = store._get_provider().online_store
    if online.online_store == "sqlite":
        with closing(feast_online._get_conn(store.config)):
            pass
    elif feast_online._client:
        feast_online._client.close()


def served(store: FeatureStore, *instruments: str) -> dict[str, list[Any]]:
    """Return what plain Feast serves online, a list per feature."""
    service = store.get_feature_service("spy_intraday_v1")
    entities = [{"instrument": instrument} for instrument in instruments]
    return store.get_online_features(service, entities).to_dict()


def feast_writes(store: FeatureStore, *vectors: FeatureVector) -> None:
    """Let Feast write the vectors into its online store, as its materialisation does."""
    store.write_to_online_store("intraday_v1", arrow_rows(TABLE, vectors).to_pandas())


def known(of: FeatureVector) -> pd.Timestamp:
    return pd.Timestamp(of.ts_known, tz="UTC")
