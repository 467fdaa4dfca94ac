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
last_known             the last value known of a series; stale after 5 sessions
spread                 the same of the difference of two series, null unless both are known
=====================  ===========================================================================
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.recursive import EWMA_SIZE, MACD_SIZE, RSI_SIZE
from alphaline.features.compiled.windows import extremes_size, mean_size, moments_size

Numbers = tuple[float, ...]
Bars = Callable[[int, Numbers], int]

# Longer than any session: the value depends on every bar since the reset.
WHOLE_SESSION = 1 << 30

# Three spans hold 1 - exp(-6) = 99.75 % of the weight of an exponential mean.
SPANS = 3

INTRADAY = ("1m", "5m", "30m")
ANY_BARS = (*INTRADAY, "session")


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table of operators.

    Parameters
    ----------
    kind
        Case of the compiled switch.
    size
        Places of state, by window.
    warm_up, look_back
        Bars, by window and parameters; see ``Column``.
    parameters
        Names of the column's parameters.
    coefficients
        The numbers the compiled code wants, by window and parameters; at most three.
    inputs
        How many inputs the column names.
    minimum_window
        Shortest window that means something; 0: the operator has none.
    timeframes
        Where it is defined.
    scaling
        ``invariant`` where another unit of prices, volumes and series changes no value.
    usual
        Usual values of the parameters.
    """

    kind: int
    size: Callable[[int], int]
    warm_up: Bars
    look_back: Bars
    parameters: tuple[str, ...] = ()
    coefficients: Callable[[int, Numbers], Numbers] = lambda _window, _numbers: ()
    inputs: int = 0
    minimum_window: int = 0
    timeframes: tuple[str, ...] = ANY_BARS
    scaling: Literal["invariant", "none"] = "invariant"
    usual: Numbers = ()


def _alpha(span: float) -> float:
    return 2.0 / (span + 1.0)


def _window(
    kind: int, size: Callable[[int], int], least: int, more: int = 0, inputs: int = 0
) -> Operator:
    def bars(window: int, _numbers: Numbers) -> int:
        return window + more

    return Operator(kind, size, bars, bars, inputs=inputs, minimum_window=least)


def _macd(kind: int, warm_up: Bars, look_back: Bars) -> Operator:
    return Operator(
        kind,
        lambda _: MACD_SIZE,
        warm_up,
        look_back,
        parameters=("fast", "slow", "signal"),
        coefficients=lambda _, spans: tuple(map(_alpha, spans)),
        inputs=1,
        timeframes=INTRADAY,
        usual=(12.0, 26.0, 9.0),
    )


def _to_signal(_window: int, spans: Numbers) -> int:
    return int(spans[1] + spans[2]) - 1


def _memory_of_signal(_window: int, spans: Numbers) -> int:
    return SPANS * int(spans[1] + spans[2])


def _of_the_bar(kind: int) -> Operator:
    return Operator(kind, lambda _: 0, lambda *_: 0, lambda *_: 0, timeframes=("1m",))


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
    "log_return": _window(at.LOG_RETURN, lambda window: window, 1, more=1, inputs=1),
    "ema_distance": Operator(
        at.EMA_DISTANCE,
        lambda _: 1,
        lambda span, _: span,
        lambda span, _: SPANS * span,
        coefficients=lambda span, _: (_alpha(span),),
        inputs=1,
        minimum_window=2,
        timeframes=INTRADAY,
    ),
    # Wilder's mean over w bars is an exponential mean of span 2 w - 1.
    "rsi": Operator(
        at.RSI,
        lambda _: RSI_SIZE,
        lambda window, _: window + 1,
        lambda window, _: SPANS * (2 * window - 1) + 1,
        inputs=1,
        minimum_window=2,
        timeframes=INTRADAY,
    ),
    "macd_line": _macd(at.MACD_LINE, lambda _, p: int(p[1]), lambda _, p: SPANS * int(p[1])),
    "macd_signal": _macd(at.MACD_SIGNAL, _to_signal, _memory_of_signal),
    "macd_histogram": _macd(at.MACD_HISTOGRAM, _to_signal, _memory_of_signal),
    "mean_distance": _window(at.MEAN_DISTANCE, moments_size, 2, inputs=1),
    "rolling_std": _window(at.ROLLING_STD, moments_size, 2, inputs=1),
    "z_score": _window(at.Z_SCORE, moments_size, 2, inputs=1),
    "range_position": _window(at.RANGE_POSITION, extremes_size, 1),
    "close_volatility": _window(at.CLOSE_VOLATILITY, moments_size, 2, more=1),
    "parkinson_volatility": _window(at.PARKINSON_VOLATILITY, mean_size, 1),
    "ewma_volatility": Operator(
        at.EWMA_VOLATILITY,
        lambda _: EWMA_SIZE,
        lambda _, p: int(p[0]) + 1,
        lambda span, _: SPANS * span + 1,
        parameters=("returns",),
        usual=(20.0,),
        coefficients=lambda span, _: (_alpha(span),),
        minimum_window=2,
        timeframes=INTRADAY,
    ),
    "vwap_distance": Operator(
        at.VWAP_DISTANCE, lambda _: 2, lambda *_: 1, lambda *_: WHOLE_SESSION, timeframes=INTRADAY
    ),
    "minutes_since_open": _of_the_bar(at.MINUTES_SINCE_OPEN),
    "minutes_to_close": _of_the_bar(at.MINUTES_TO_CLOSE),
    "last_known": _observed(at.LAST_KNOWN, 1),
    "spread": _observed(at.SPREAD, 2),
}
