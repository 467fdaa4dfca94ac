"""Every column of every set, and the operators at windows beyond those of the sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaline.errors import ContractError
from alphaline.features import Column, FeatureSet, feature_set
from tests.unit.features.check_feature import check_feature, compare_with_reference
from tests.unit.features.made_market import EPOCH, Run, calendar, minutes_of, single, thinned, walk

CLOSE, VOLUME = ("close",), ("volume",)

BEYOND = (
    Column("log_return_100", "log_return", "1m", 100, CLOSE),
    Column("mean_distance_3", "mean_distance", "1m", 3, CLOSE),
    Column("mean_distance_64", "mean_distance", "1m", 64, CLOSE),
    Column("mean_distance_65", "mean_distance", "1m", 65, CLOSE),
    Column("rolling_std_90", "rolling_std", "1m", 90, CLOSE),
    Column("z_score_70", "z_score", "1m", 70, VOLUME),
    Column("close_volatility_2", "close_volatility", "1m", 2),
    Column("close_volatility_80", "close_volatility", "1m", 80),
    Column("parkinson_volatility_1", "parkinson_volatility", "1m", 1),
    Column("parkinson_volatility_77", "parkinson_volatility", "1m", 77),
    Column("range_position_1", "range_position", "1m", 1),
    Column("range_position_99", "range_position", "1m", 99),
    Column("m5_macd", "macd_histogram", "5m", 0, CLOSE, (3.0, 6.0, 4.0)),
    Column("m5_ewma", "ewma_volatility", "5m", 10, (), (5.0,)),
    Column("m5_vwap", "vwap_distance", "5m"),
    Column("m30_rolling_std_3", "rolling_std", "30m", 3, ("high",)),
    Column("session_open_return", "log_return", "session", 2, ("open",)),
)

COLUMNS = {column.name: column for column in (*feature_set("intraday_v1").columns, *BEYOND)}


@pytest.mark.parametrize("name", COLUMNS)
def test_column_passes_the_battery(name: str) -> None:
    check_feature(COLUMNS[name])


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from([name for name, c in COLUMNS.items() if c.timeframe != "none"]),
    seed=st.integers(0, 2**20),
    share=st.sampled_from([0.0, 0.01, 0.1, 0.4, 0.9, 0.99]),
    close=st.sampled_from([700, 744, 745]),
    absent=st.sets(st.integers(0, 7), max_size=6),
)
def test_column_equals_its_reference(
    name: str, seed: int, share: float, close: int, absent: set[int]
) -> None:
    sessions = calendar(days=8, close=close)
    ts = thinned(minutes_of(sessions), share, seed)
    ts = ts[~np.isin(sessions.indices_at(ts), list(absent))]
    run = Run(single(COLUMNS[name]), sessions, ts, walk(len(ts), seed))
    compare_with_reference(COLUMNS[name], sessions, run)


@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("log_return_5", 6),
        ("ema_distance_20", 20),
        ("rsi_14", 15),
        ("macd_line", 26),
        ("macd_signal", 34),
        ("mean_distance_20", 20),
        ("close_volatility_30", 31),
        ("ewma_vol_60", 21),
        ("vwap_distance", 1),
        ("minutes_to_close", 1),
    ],
)
def test_value_appears_with_the_declared_bar(name: str, bars: int) -> None:
    sessions = calendar(days=1)
    ts = minutes_of(sessions)
    run = Run(single(COLUMNS[name]), sessions, ts, walk(len(ts), 3))
    _, status = run.fold()
    assert max(1, COLUMNS[name].warm_up) == bars
    assert (status[: bars - 1, 0] == 1).all()
    assert (status[bars - 1 :, 0] == 0).all()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"operator": "sharpe"}, "an operator of"),
        ({"timeframe": "2h"}, "a timeframe of"),
        ({"window": 1}, "a window >= 2"),
        ({"input": ()}, "1 input"),
        ({"input": ("vwap",)}, "inputs out of"),
        ({"parameters": (2.0,)}, "parameters"),
    ],
)
def test_a_column_that_means_nothing_is_refused(change: dict[str, object], expected: str) -> None:
    row = {"operator": "z_score", "timeframe": "1m", "window": 20, "input": CLOSE}
    with pytest.raises(ContractError, match=expected):
        Column(name="wrong", **(row | change))  # type: ignore[arg-type]


def test_a_memory_without_end_is_too_long_for_sessions_over_intraday_bars() -> None:
    with pytest.raises(ContractError, match=r"a timeframe of|a look-back <= 5 sessions"):
        FeatureSet("set_v1", (Column("session_rsi", "rsi", "session", 2, CLOSE),), EPOCH)
