"""Operators of trend and momentum.

``x`` is the input, ``c`` the close, ``w`` the window. Wilder's mean starts as a plain mean and takes
``1 / w`` of each later value.

===================  =============================================================================
plus_di, minus_di    100 Wilder_w(rise of the high where it is the larger move, or fall of the low) /
                     Wilder_w(true range), sums seeded with the first w - 1 bars; 0 where nothing
                     moved [Wilder, 1978; seeds as in TA-Lib]
adx                  Wilder_w(100 abs(plus_di - minus_di) / (plus_di + minus_di)); 0 without direction
stochastic_k         100 (c - lowest low) / (highest high - lowest low) over w bars; 50 without range
                     [Lane, 1984]
stochastic_d         mean of stochastic_k over the last ``smoothing`` bars, 1 to w
aroon_up, _down      100 (w - bars since the highest high, or lowest low, of w + 1 bars) / w; of equal
                     extremes the latest [Chande, 1995]
aroon_oscillator     aroon_up - aroon_down; 0 where nothing moved
high_distance        c / highest high of w bars - 1, never positive [George and Hwang, 2004]
low_distance         c / lowest low of w bars - 1, never negative
momentum             ln(x of ``skip`` bars before / x of w bars before), skip 0 to w - 1
                     [Jegadeesh and Titman, 1993]
scaled_momentum      the same / (std of the w one-bar log returns * root of (w - skip)); 0 where nothing
                     moved [Moskowitz, Ooi and Pedersen, 2012]
trend_slope          slope per bar of the least-squares line through ln x of w bars
trend_fit            share of the variance of ln x which that line explains, 0 to 1; 0 where nothing
                     moved
===================  =============================================================================
"""

from collections.abc import Callable

from alphaline.features.compiled import kinds
from alphaline.features.compiled.sizes import (
    DIRECTION_SIZE,
    aroon_size,
    extremes_size,
    joint_size,
    momentum_size,
    stochastic_size,
)
from alphaline.features.operator import SPANS, Numbers, Operator, given, of_window, whole


def _direction(kind: int, spans: int, warm_up: Callable[[int], int]) -> Operator:
    # Wilder's mean over w bars is an exponential mean of span 2 w - 1.
    return Operator(
        kind,
        lambda _: DIRECTION_SIZE,
        lambda window, _: warm_up(window),
        lambda window, _: spans * SPANS * (2 * window - 1) + 1,
        minimum_window=2,
    )


def _momentum(kind: int, least: int) -> Operator:
    def bars(window: int, _numbers: Numbers) -> int:
        return window + 1

    return Operator(
        kind,
        momentum_size,
        bars,
        bars,
        parameters=("skip",),
        coefficients=given,
        inputs=1,
        minimum_window=least,
        usual=(0.0,),
        expected=whole("skip", 0, below=1),
    )


def _to_mean_position(window: int, numbers: Numbers) -> int:
    return window + int(numbers[0]) - 1


TREND: dict[str, Operator] = {
    "adx": _direction(kinds.ADX, 2, lambda window: 2 * window),
    "plus_di": _direction(kinds.PLUS_DI, 1, lambda window: window + 1),
    "minus_di": _direction(kinds.MINUS_DI, 1, lambda window: window + 1),
    "aroon_up": of_window(kinds.AROON_UP, aroon_size, 1, more=1),
    "aroon_down": of_window(kinds.AROON_DOWN, aroon_size, 1, more=1),
    "aroon_oscillator": of_window(kinds.AROON_OSCILLATOR, aroon_size, 1, more=1),
    "high_distance": of_window(kinds.HIGH_DISTANCE, extremes_size, 1),
    "low_distance": of_window(kinds.LOW_DISTANCE, extremes_size, 1),
    "stochastic_k": of_window(kinds.STOCHASTIC_K, extremes_size, 1),
    "stochastic_d": Operator(
        kinds.STOCHASTIC_D,
        stochastic_size,
        _to_mean_position,
        _to_mean_position,
        parameters=("smoothing",),
        coefficients=given,
        minimum_window=1,
        usual=(3.0,),
        expected=whole("smoothing", 1),
    ),
    "momentum": _momentum(kinds.MOMENTUM, 1),
    "scaled_momentum": _momentum(kinds.SCALED_MOMENTUM, 2),
    "trend_slope": of_window(kinds.TREND_SLOPE, joint_size, 3, inputs=1),
    "trend_fit": of_window(kinds.TREND_FIT, joint_size, 3, inputs=1),
}
