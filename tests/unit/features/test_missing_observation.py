"""A published value that never came: the last known one counts with its age, then there is none."""

import numpy as np
import polars as pl
import pytest

from alphaline.features import Engine, feature_set
from alphaline.features.stream import FeatureStream
from alphaline.market.observations import observations
from alphaline.market.replay import recorded_minutes, replay_minutes
from alphaline.market.sessions import session_label
from alphaline.messages import STATUS_OK, STATUS_STALE, FeatureVector
from alphaline.runtime.reference import ReferenceData
from tests.line_values import ROOT

REFERENCE = ReferenceData(ROOT / "data/sample")
SESSIONS = REFERENCE.sessions
ENGINE = Engine(feature_set("intraday_v1"), SESSIONS)
VIX = next(n for n, c in enumerate(ENGINE.feature_set.columns) if "vix" in c.name.lower())
# Tuesday; the Monday before, and the sessions before that, counted back.
LAST = SESSIONS.index_of(session_label(np.datetime64("2011-03-15").astype(object)))


def vix_without(sessions: set[int]) -> list:
    declared = REFERENCE.declarations["vix_daily"]
    rows = pl.read_parquet(ROOT / "data/sample" / declared.file)
    kept = rows.filter(~pl.col("ts_event").is_in(list(sessions)))
    recent = kept.filter(pl.col("ts_event") >= int(SESSIONS.session[LAST - 12]))
    columns = {name: recent[name].to_numpy() for name in recent.columns}
    return list(observations(columns, declared, SESSIONS))


def last_vector(missing: int) -> FeatureVector:
    """Return a vector of the last session, with that many VIX rows before it left out."""
    without = {int(SESSIONS.session[LAST - back]) for back in range(1, missing + 1)}
    recorded = REFERENCE.bars(ROOT / "data/sample/spy_minute_2011.parquet", "eq.us.spy")
    day = recorded.between(int(SESSIONS.open[LAST]), int(SESSIONS.open[LAST]) + 5 * 60 * 10**9)
    stream = FeatureStream(ENGINE, SESSIONS, "test")
    minutes = recorded_minutes(replay_minutes(list(day), vix_without(without), SESSIONS))
    return [vector for minute in minutes for _, vector in stream.on_minute(minute).vectors][-1]


def vix_of(back: int) -> float:
    label = int(SESSIONS.session[LAST - back])
    return next(item.value for item in vix_without(set()) if item.ts_event == label)


@pytest.mark.parametrize("missing", [0, 1, 4])
def test_the_last_known_value_stands_in_for_missing_rows(missing: int) -> None:
    vector = last_vector(missing)
    assert vector.values[VIX] == pytest.approx(vix_of(missing + 1))
    assert vector.status[VIX] == STATUS_OK


def test_after_more_than_five_sessions_there_is_no_value() -> None:
    vector = last_vector(7)
    assert (vector.values[VIX], vector.status[VIX]) == (None, STATUS_STALE)
