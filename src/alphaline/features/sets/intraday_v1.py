"""Price, volume and time of day of one instrument on four timeframes, volatility index, term spread.

A changed column is a new set written beside this one.
"""

from datetime import date

from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet

# First session of 2011, where the recorded minute bars begin.
EPOCH = date(2011, 1, 3)

_CLOSE = ("close",)
_VOLUME = ("volume",)

# Appel's spans of fast mean, slow mean and signal.
_MACD = (12.0, 26.0, 9.0)

_MINUTE = (
    Column("log_return_1", "log_return", "1m", 1, _CLOSE),
    Column("log_return_5", "log_return", "1m", 5, _CLOSE),
    Column("log_return_15", "log_return", "1m", 15, _CLOSE),
    Column("log_return_30", "log_return", "1m", 30, _CLOSE),
    Column("ema_distance_20", "ema_distance", "1m", 20, _CLOSE),
    Column("ema_distance_60", "ema_distance", "1m", 60, _CLOSE),
    Column("rsi_14", "rsi", "1m", 14, _CLOSE),
    Column("macd_line", "macd_line", "1m", 0, _CLOSE, _MACD),
    Column("macd_signal", "macd_signal", "1m", 0, _CLOSE, _MACD),
    Column("macd_histogram", "macd_histogram", "1m", 0, _CLOSE, _MACD),
    Column("mean_distance_20", "mean_distance", "1m", 20, _CLOSE),
    Column("rolling_std_20", "rolling_std", "1m", 20, _CLOSE),
    Column("z_score_20", "z_score", "1m", 20, _CLOSE),
    Column("range_position_30", "range_position", "1m", 30),
    Column("close_volatility_30", "close_volatility", "1m", 30),
    Column("parkinson_volatility_30", "parkinson_volatility", "1m", 30),
    # Sizing and exits rest on it; 20 returns give a standard error of about 16 %.
    Column("ewma_vol_60", "ewma_volatility", "1m", 60, (), (20.0,)),
    Column("vwap_distance", "vwap_distance", "1m"),
    Column("volume_z_score_30", "z_score", "1m", 30, _VOLUME),
    Column("minutes_since_open", "minutes_since_open", "1m"),
    Column("minutes_to_close", "minutes_to_close", "1m"),
)

_FIVE_MINUTES = (
    Column("m5_log_return_1", "log_return", "5m", 1, _CLOSE),
    Column("m5_log_return_6", "log_return", "5m", 6, _CLOSE),
    Column("m5_ema_distance_12", "ema_distance", "5m", 12, _CLOSE),
    Column("m5_rsi_14", "rsi", "5m", 14, _CLOSE),
    Column("m5_z_score_12", "z_score", "5m", 12, _CLOSE),
    Column("m5_range_position_12", "range_position", "5m", 12),
    Column("m5_close_volatility_12", "close_volatility", "5m", 12),
    Column("m5_parkinson_volatility_12", "parkinson_volatility", "5m", 12),
    Column("m5_volume_z_score_12", "z_score", "5m", 12, _VOLUME),
)

# Eleven half hours lie before the open, where some have no trade: short windows are warm by then.
_THIRTY_MINUTES = (
    Column("m30_log_return_1", "log_return", "30m", 1, _CLOSE),
    Column("m30_log_return_4", "log_return", "30m", 4, _CLOSE),
    Column("m30_ema_distance_6", "ema_distance", "30m", 6, _CLOSE),
    Column("m30_rsi_6", "rsi", "30m", 6, _CLOSE),
    Column("m30_range_position_6", "range_position", "30m", 6),
    Column("m30_parkinson_volatility_6", "parkinson_volatility", "30m", 6),
)

_SESSION = (
    Column("session_log_return_1", "log_return", "session", 1, _CLOSE),
    Column("session_log_return_4", "log_return", "session", 4, _CLOSE),
    Column("session_mean_distance_5", "mean_distance", "session", 5, _CLOSE),
    Column("session_range_position_5", "range_position", "session", 5),
    Column("session_close_volatility_4", "close_volatility", "session", 4),
    Column("session_parkinson_volatility_5", "parkinson_volatility", "session", 5),
    Column("session_volume_z_score_5", "z_score", "session", 5, _VOLUME),
)

_OBSERVED = (
    Column("vix", "last_known", "none", 0, ("VIX",)),
    Column("term_spread", "spread", "none", 0, ("UST_10Y", "UST_3M")),
)

INTRADAY_V1 = FeatureSet(
    name="intraday_v1",
    columns=_MINUTE + _FIVE_MINUTES + _THIRTY_MINUTES + _SESSION + _OBSERVED,
    epoch=EPOCH,
)
