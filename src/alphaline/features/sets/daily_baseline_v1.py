"""Plain returns and volatilities of one instrument on sessions: the simple model that others must beat.

A changed column is a new set written beside this one.
"""

from datetime import date

from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet

# First session of the recorded daily bars.
EPOCH = date(2000, 3, 1)

_CLOSE = ("close",)

DAILY_BASELINE_V1 = FeatureSet(
    name="daily_baseline_v1",
    columns=(
        Column("log_return_1", "log_return", "session", 1, _CLOSE),
        Column("log_return_5", "log_return", "session", 5, _CLOSE),
        Column("log_return_21", "log_return", "session", 21, _CLOSE),
        Column("log_return_63", "log_return", "session", 63, _CLOSE),
        Column("close_volatility_21", "close_volatility", "session", 21),
        Column("parkinson_volatility_21", "parkinson_volatility", "session", 21),
        # Sizing and barriers rest on it; 60 returns give a standard error of about 9 %.
        Column("ewma_vol_60", "ewma_volatility", "session", 60, (), (60.0,)),
    ),
    epoch=EPOCH,
    base="session",
)
