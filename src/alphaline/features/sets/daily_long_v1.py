"""Sessions, weeks and months of one instrument for horizons of thirty sessions and more.

What lasts for months: momentum, trend, volatility regimes, liquidity, rates. The index of the market
is the VIX: of the equity indices no series comes with the sample data, and another single stock is
none. The longest column is warm after a year. A changed column is a new set written beside this one.
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
_BILL, _NOTE = ("UST_3M",), ("UST_10Y",)

_PRICE = (
    Column("log_return_21", "log_return", "session", 21, _CLOSE),
    Column("log_return_63", "log_return", "session", 63, _CLOSE),
    # A year less its last month, and half a year over its volatility.
    Column("momentum_252", "momentum", "session", 252, _CLOSE, (21.0,)),
    Column("scaled_momentum_126", "scaled_momentum", "session", 126, _CLOSE, (5.0,)),
    Column("high_distance_252", "high_distance", "session", 252),
    Column("low_distance_252", "low_distance", "session", 252),
    Column("mean_distance_50", "mean_distance", "session", 50, _CLOSE),
    Column("mean_distance_200", "mean_distance", "session", 200, _CLOSE),
    Column("trend_slope_63", "trend_slope", "session", 63, _CLOSE),
    Column("trend_fit_63", "trend_fit", "session", 63, _CLOSE),
    Column("adx_30", "adx", "session", 30),
    Column("aroon_oscillator_60", "aroon_oscillator", "session", 60),
    Column("fractional_difference_60", "fractional_difference", "session", 60, _CLOSE, (0.4,)),
)

_VOLATILITY = (
    Column("yang_zhang_63", "yang_zhang_volatility", "session", 63),
    Column("semivolatility_down_63", "semivolatility_down", "session", 63),
    Column("semivolatility_up_63", "semivolatility_up", "session", 63),
    # Sizing and, in units of it, barriers rest on it; 60 returns give a standard error of about 9 %.
    Column("ewma_vol_60", "ewma_volatility", "session", 60, (), (60.0,)),
    Column("volatility_of_volatility_63", "volatility_of_volatility", "session", 63, (), (21.0,)),
)

_LIQUIDITY = (
    Column("amihud_63", "amihud", "session", 63),
    Column("corwin_schultz_63", "corwin_schultz_spread", "session", 63),
    Column("on_balance_volume_63", "on_balance_volume", "session", 63),
    Column("volume_mean_distance_63", "mean_distance", "session", 63, _VOLUME),
)

_STATISTICS = (
    Column("hurst_126", "hurst", "session", 126, _CLOSE),
    Column("variance_ratio_126", "variance_ratio", "session", 126, _CLOSE, (10.0,)),
    Column("skewness_126", "skewness", "session", 126, _CLOSE),
    Column("kurtosis_126", "kurtosis", "session", 126, _CLOSE),
)

_HIGHER = (
    Column("week_log_return_13", "log_return", "week", 13, _CLOSE),
    Column("week_range_position_26", "range_position", "week", 26),
    Column("week_close_volatility_13", "close_volatility", "week", 13),
    Column("month_log_return_6", "log_return", "month", 6, _CLOSE),
    Column("month_range_position_6", "range_position", "month", 6),
)

_MARKET = (
    Column("vix", "last_known", "none", 0, _VIX),
    Column("vix_log_return_21", "log_return", "session", 21, _VIX),
    Column("vix_z_score_126", "z_score", "session", 126, _VIX),
    Column("vix_beta_63", "beta", "session", 63, _TO_VIX),
    Column("term_spread", "spread", "none", 0, ("UST_10Y", "UST_3M")),
    Column("bill_difference_63", "difference", "session", 63, _BILL),
    Column("note_difference_63", "difference", "session", 63, _NOTE),
)

DAILY_LONG_V1 = FeatureSet(
    name="daily_long_v1",
    columns=_PRICE + _VOLATILITY + _LIQUIDITY + _STATISTICS + _HIGHER + _MARKET,
    epoch=EPOCH,
    base="session",
)
