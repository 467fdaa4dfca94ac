"""The table of operators: what each computes, how long it takes to warm up, how far it looks back.

``x`` is the input of the bar that has just closed, ``w`` the window, ``c`` its close. Moments have
one degree of freedom taken off. A value that is undefined (volume zero over a whole window) is
null. Exponential means have ``alpha = 2 / (span + 1)``.

=====================  ===========================================================================
log_return             ln(x / x of w bars before)
ema_distance           x / EMA_w(x) - 1; the mean starts at the first value
rsi                    Wilder's relative strength index of x, 0 to 100; 50 where nothing moved
macd_line              (EMA_fast(x) - EMA_slow(x)) / x
macd_signal            EMA_signal of the line's numerator / x
macd_histogram         line - signal
mean_distance          x / mean_w(x) - 1
rolling_std            std_w(x) / mean_w(x)
z_score                (x - mean_w(x)) / std_w(x); 0 where nothing moved
range_position         (c - lowest low) / (highest high - lowest low) over w bars; 0.5 without range
close_volatility       std of the last w close-to-close log returns
parkinson_volatility   root of the mean of ln(high / low)^2 over w bars / (4 ln 2)
ewma_volatility        root of the exponentially weighted mean square of close-to-close log returns,
                       weights normalised to one, mean taken as zero
vwap_distance          c / volume-weighted mean of (high + low + close) / 3 since the session's start - 1
minutes_since_open     from the open of regular hours to the end of the bar; negative before it
minutes_to_close       from the end of the bar to the close of regular hours; negative after it
last_known             the last value known of a series; stale after the ``max_age`` of the column
spread                 the same of the difference of two series, null unless both are known
=====================  ===========================================================================

The families have tables of their own: ``families.volatility``, ``families.trend``,
``families.liquidity``, ``families.statistics``, ``families.cross_asset``, ``families.change`` and
``families.calendar``.
Wherever an input has to be positive, the value is null while one that is not lies in the window.
"""

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.sizes import (
    EWMA_SIZE,
    MACD_SIZE,
    RSI_SIZE,
    extremes_size,
    mean_size,
    moments_size,
)
from alphaline.features.families.calendar import CALENDAR, of_the_session
from alphaline.features.families.change import CHANGE
from alphaline.features.families.cross_asset import CROSS_ASSET
from alphaline.features.families.liquidity import LIQUIDITY
from alphaline.features.families.statistics import STATISTICS
from alphaline.features.families.trend import TREND
from alphaline.features.families.volatility import VOLATILITY
from alphaline.features.operator import (
    INTRADAY,
    SPANS,
    WHOLE_SESSION,
    Bars,
    Numbers,
    Operator,
    alpha,
    of_window,
)

__all__ = ["OPERATORS", "Operator"]


def _macd(kind: int, warm_up: Bars, look_back: Bars) -> Operator:
    return Operator(
        kind,
        lambda _: MACD_SIZE,
        warm_up,
        look_back,
        parameters=("fast", "slow", "signal"),
        coefficients=lambda _, spans: tuple(map(alpha, spans)),
        inputs=1,
        usual=(12.0, 26.0, 9.0),
    )


def _to_signal(_window: int, spans: Numbers) -> int:
    return int(spans[1] + spans[2]) - 1


def _memory_of_signal(_window: int, spans: Numbers) -> int:
    return SPANS * int(spans[1] + spans[2])


def _observed(kind: int, inputs: int) -> Operator:
    return Operator(
        kind,
        lambda _: 0,
        lambda *_: 0,
        lambda *_: 0,
        inputs=inputs,
        timeframes=("none",),
        scaling="none",
    )


OPERATORS: dict[str, Operator] = {
    "log_return": of_window(at.LOG_RETURN, lambda window: window, 1, more=1, inputs=1),
    "ema_distance": Operator(
        at.EMA_DISTANCE,
        lambda _: 1,
        lambda span, _: span,
        lambda span, _: SPANS * span,
        coefficients=lambda span, _: (alpha(span),),
        inputs=1,
        minimum_window=2,
    ),
    # Wilder's mean over w bars is an exponential mean of span 2 w - 1.
    "rsi": Operator(
        at.RSI,
        lambda _: RSI_SIZE,
        lambda window, _: window + 1,
        lambda window, _: SPANS * (2 * window - 1) + 1,
        inputs=1,
        minimum_window=2,
    ),
    "macd_line": _macd(at.MACD_LINE, lambda _, p: int(p[1]), lambda _, p: SPANS * int(p[1])),
    "macd_signal": _macd(at.MACD_SIGNAL, _to_signal, _memory_of_signal),
    "macd_histogram": _macd(at.MACD_HISTOGRAM, _to_signal, _memory_of_signal),
    "mean_distance": of_window(at.MEAN_DISTANCE, moments_size, 2, inputs=1),
    "rolling_std": of_window(at.ROLLING_STD, moments_size, 2, inputs=1),
    "z_score": of_window(at.Z_SCORE, moments_size, 2, inputs=1),
    "range_position": of_window(at.RANGE_POSITION, extremes_size, 1),
    "close_volatility": of_window(at.CLOSE_VOLATILITY, moments_size, 2, more=1),
    "parkinson_volatility": of_window(at.PARKINSON_VOLATILITY, mean_size, 1),
    "ewma_volatility": Operator(
        at.EWMA_VOLATILITY,
        lambda _: EWMA_SIZE,
        lambda _, p: int(p[0]) + 1,
        lambda span, _: SPANS * span + 1,
        parameters=("returns",),
        usual=(20.0,),
        coefficients=lambda span, _: (alpha(span),),
        minimum_window=2,
    ),
    "vwap_distance": Operator(
        at.VWAP_DISTANCE, lambda _: 2, lambda *_: 1, lambda *_: WHOLE_SESSION, timeframes=INTRADAY
    ),
    "minutes_since_open": of_the_session(at.MINUTES_SINCE_OPEN, INTRADAY),
    "minutes_to_close": of_the_session(at.MINUTES_TO_CLOSE, INTRADAY),
    "last_known": _observed(at.LAST_KNOWN, 1),
    "spread": _observed(at.SPREAD, 2),
    **VOLATILITY,
    **TREND,
    **LIQUIDITY,
    **STATISTICS,
    **CROSS_ASSET,
    **CHANGE,
    **CALENDAR,
}
