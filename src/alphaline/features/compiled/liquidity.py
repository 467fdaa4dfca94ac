"""Liquidity from prices and volumes of bars: impact, spreads, unusual volume.

Definitions: ``alphaline.features.families.liquidity``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import kinds
from alphaline.features.compiled.called import (
    mean_of_positive,
    mean_places,
    moments,
    moments_places,
    moved,
    root,
)
from alphaline.features.compiled.jit import compiled, inlined
from alphaline.features.compiled.joint import joint
from alphaline.features.compiled.layout import (
    CLOSE_PRICE,
    HIGH,
    KIND,
    LOW,
    OFFSET,
    PREVIOUS,
    RANGE,
    RETURN,
    VOLUME,
    WINDOW,
)

Row = NDArray[np.float64]
Ints = NDArray[np.int64]

# Impacts are per million of the currency.
MILLION = 1e6

# Their divisor 3 - 2 sqrt(2) is the square of this.
ROOT_TWO_LESS_ONE = math.sqrt(2.0) - 1.0


@compiled
def _amihud(s: Row, base: int, offset: int, window: int, number: int) -> float:
    traded = s[base + CLOSE_PRICE] * s[base + VOLUME] / MILLION
    ratio = abs(s[base + RETURN]) / traded if traded > 0.0 else 0.0
    ratios = mean_of_positive(s, offset, window, number, ratio)
    second = offset + mean_places(window)
    share = mean_of_positive(s, second, window, number, 1.0 if traded > 0.0 else 0.0)
    return ratios / share if share > 0.0 else math.nan


@compiled
def _roll(s: Row, base: int, offset: int, window: int, number: int) -> float:
    before = s[offset]
    s[offset] = s[base + RETURN]
    if number == 0:
        return 0.0
    pair = joint(s, offset + 1, window, number - 1, s[base + RETURN], before)
    return 2.0 * root(-pair[4] / (window - 1.0))


@inlined
def _two_bar_spread(s: Row, base: int, offset: int) -> float:
    high, low, before = s[base + HIGH], s[base + LOW], s[base + PREVIOUS]
    # A gap over the previous close belongs to no bar's range: the bar is shifted back onto it.
    shift = max(before - high, 0.0) + min(before - low, 0.0)
    highest = max(s[offset], high + shift)
    lowest = min(s[offset + 1], low + shift)
    both = math.log(highest / lowest)
    height = math.log((high + shift) / (low + shift))
    alpha = (math.sqrt(s[offset + 2] + height * height) - both) / ROOT_TWO_LESS_ONE
    # 2 (exp(a) - 1) / (1 + exp(a)); negative estimates count as zero.
    return 2.0 * math.tanh(0.5 * max(alpha, 0.0))


@compiled
def _corwin_schultz(s: Row, base: int, offset: int, window: int, number: int) -> float:
    spread = _two_bar_spread(s, base, offset) if number > 0 else 0.0
    s[offset], s[offset + 1], s[offset + 2] = s[base + HIGH], s[base + LOW], s[base + RANGE]
    if number == 0:
        return 0.0
    return mean_of_positive(s, offset + 3, window, number - 1, spread)


@compiled
def _kyle(s: Row, base: int, offset: int, window: int, number: int) -> float:
    change = s[base + RETURN]
    traded = s[base + CLOSE_PRICE] * s[base + VOLUME] / MILLION
    flow = math.copysign(traded, change) if change != 0.0 else 0.0
    found = joint(s, offset, window, number, flow, change)
    if found[2] > 0.0:
        return found[4] / found[2]
    return math.nan if moved(found[3], window) else 0.0


@compiled
def _on_balance(s: Row, base: int, offset: int, window: int, number: int) -> float:
    change, volume = s[base + RETURN], s[base + VOLUME]
    signed = math.copysign(volume, change) if change != 0.0 else 0.0
    mean, _ = moments(s, offset, window, number, signed)
    total = mean_of_positive(s, offset + moments_places(window), window, number, volume)
    return mean / total if total > 0.0 else math.nan


@inlined
def _dollar_volume(s: Row, base: int, offset: int, window: int, number: int) -> float:
    traded = s[base + CLOSE_PRICE] * s[base + VOLUME]
    mean, square = moments(s, offset, window, number, traded)
    return (traded - mean) / math.sqrt(square / (window - 1.0)) if square > 0.0 else 0.0


@compiled
def _of_returns(s: Row, base: int, kind: int, offset: int, window: int, number: int) -> float:
    if kind == kinds.AMIHUD:
        return _amihud(s, base, offset, window, number)
    if kind == kinds.ROLL_SPREAD:
        return _roll(s, base, offset, window, number)
    if kind == kinds.KYLE_LAMBDA:
        return _kyle(s, base, offset, window, number)
    return _on_balance(s, base, offset, window, number)


@compiled
def liquidity(s: Row, base: int, table: Ints, j: int, number: int) -> float:
    """Take the bar with this number (from 0); return the value of an operator of this family."""
    kind, offset, window = table[j, KIND], table[j, OFFSET] + 1, table[j, WINDOW]
    if kind == kinds.DOLLAR_VOLUME_Z_SCORE:
        return _dollar_volume(s, base, offset, window, number)
    if kind == kinds.CORWIN_SCHULTZ_SPREAD:
        return _corwin_schultz(s, base, offset, window, number)
    # The first bar after a reset has no return.
    return _of_returns(s, base, kind, offset, window, number - 1) if number > 0 else 0.0
