"""The daily sets on the sample data: what is there, from when on, and without holes."""

from functools import cache

import numpy as np
import pytest

from alphaline.features import FeatureSet, feature_set
from alphaline.market.sessions import session_date
from alphaline.research.daily import daily_features
from alphaline.research.data import ResearchData, load_sample

INSTRUMENTS = ("eq.us.aapl", "eq.us.ibm")


@cache
def sample() -> ResearchData:
    return load_sample()


@pytest.mark.parametrize(
    ("name", "columns", "sessions"),
    [("daily_baseline_v1", 7, 64), ("daily_short_v1", 40, 61), ("daily_long_v1", 38, 253)],
)
def test_every_value_is_there_once_the_set_is_warm(name: str, columns: int, sessions: int) -> None:
    made = feature_set(name)
    assert len(made.columns) == columns
    for found in daily_features(sample(), made, INSTRUMENTS).values():
        assert np.isnan(found.values[sessions - 2]).any()
        assert np.isfinite(found.values[sessions - 1 :]).all()
        moved = np.nanstd(found.values.astype(np.float64), axis=0)
        assert (moved > 0.0).all()


@pytest.mark.parametrize("name", ["daily_baseline_v1", "daily_short_v1", "daily_long_v1"])
def test_the_epoch_is_the_first_session_of_the_bars(name: str) -> None:
    made: FeatureSet = feature_set(name)
    assert made.base == "session"
    firsts = {session_date(int(bars.session[0])) for bars in sample().bars.values()}
    assert firsts == {made.epoch}


def test_the_baseline_stays_on_one_timeframe_and_the_others_do_not() -> None:
    frames = {
        name: {column.timeframe for column in feature_set(name).columns}
        for name in ("daily_baseline_v1", "daily_short_v1", "daily_long_v1")
    }
    assert frames["daily_baseline_v1"] == {"session"}
    assert frames["daily_short_v1"] == {"session", "week", "none"}
    assert frames["daily_long_v1"] == {"session", "week", "month", "none"}
