"""Sessions and weeks of one instrument for horizons of one to three sessions.

What reverts or goes on within days: gaps, ranges, short momentum, unusual volume, the volatility index.
The index of the market is the VIX: of the equity indices no series comes with the sample data, and
another single stock is none. A changed column is a new set written beside this one.
"""

from datetime import date

from alphaline.features.columns import Column
from alphaline.features.feature_set import FeatureSet

# First session of the recorded daily bars.
EPOCH = date(2000, 3, 1)

_CLOSE = ("close",)
_VOLUME = ("volume",)
_VIX = ("VIX",)
_TO_VIX = ("close", "VIX")

_PRICE = (
    Column("log_return_1", "log_return", "session", 1, _CLOSE),
    Column("log_return_2", "log_return", "session", 2, _CLOSE),
    Column("log_return_5", "log_return", "session", 5, _CLOSE),
    Column("log_return_10", "log_return", "session", 10, _CLOSE),
    Column("overnight_return", "overnight_return", "session"),
    Column("intraday_return", "intraday_return", "session"),
    Column("rsi_5", "rsi", "session", 5, _CLOSE),
    Column("z_score_10", "z_score", "session", 10, _CLOSE),
    Column("ema_distance_10", "ema_distance", "session", 10, _CLOSE),
    Column("stochastic_k_10", "stochastic_k", "session", 10),
    Column("aroon_oscillator_10", "aroon_oscillator", "session", 10),
    Column("adx_14", "adx", "session", 14),
    Column("high_distance_20", "high_distance", "session", 20),
    Column("low_distance_20", "low_distance", "session", 20),
)

_VOLATILITY = (
    Column("yang_zhang_10", "yang_zhang_volatility", "session", 10),
    Column("garman_klass_5", "garman_klass_volatility", "session", 5),
    Column("semivolatility_down_10", "semivolatility_down", "session", 10),
    Column("bipower_10", "bipower_volatility", "session", 10),
    # Sizing rests on it; 60 returns give a standard error of about 9 %.
    Column("ewma_vol_60", "ewma_volatility", "session", 60, (), (60.0,)),
    Column("volatility_of_volatility_20", "volatility_of_volatility", "session", 20, (), (5.0,)),
)

_LIQUIDITY = (
    Column("volume_z_score_20", "z_score", "session", 20, _VOLUME),
    Column("amihud_10", "amihud", "session", 10),
    Column("corwin_schultz_10", "corwin_schultz_spread", "session", 10),
    Column("on_balance_volume_10", "on_balance_volume", "session", 10),
)

_STATISTICS = (
    Column("autocorrelation_20", "autocorrelation", "session", 20, _CLOSE, (1.0,)),
    Column("variance_ratio_40", "variance_ratio", "session", 40, _CLOSE, (4.0,)),
    Column("sign_entropy_40", "sign_entropy", "session", 40, _CLOSE),
    Column("skewness_40", "skewness", "session", 40, _CLOSE),
)

_WEEK = (
    Column("week_log_return_1", "log_return", "week", 1, _CLOSE),
    Column("week_log_return_4", "log_return", "week", 4, _CLOSE),
    Column("week_range_position_4", "range_position", "week", 4),
    Column("week_parkinson_8", "parkinson_volatility", "week", 8),
)

_MARKET = (
    Column("vix", "last_known", "none", 0, _VIX),
    Column("vix_log_return_1", "log_return", "session", 1, _VIX),
    Column("vix_log_return_5", "log_return", "session", 5, _VIX),
    Column("vix_z_score_20", "z_score", "session", 20, _VIX),
    Column("vix_correlation_20", "correlation", "session", 20, _TO_VIX),
    Column("term_spread", "spread", "none", 0, ("UST_10Y", "UST_3M")),
)

_CALENDAR = (
    Column("day_of_week", "day_of_week", "session"),
    Column("days_to_session", "days_to_session", "session"),
)

DAILY_SHORT_V1 = FeatureSet(
    name="daily_short_v1",
    columns=_PRICE + _VOLATILITY + _LIQUIDITY + _STATISTICS + _WEEK + _MARKET + _CALENDAR,
    epoch=EPOCH,
    base="session",
)
