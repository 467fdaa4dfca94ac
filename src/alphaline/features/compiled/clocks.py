"""Bars of higher timeframes, made inside the engine out of the bars that are fed.

A bucket of 5 or 30 minutes closes with the bar that ends it, else with the next bar of the session
that starts at or after its end; the session bar holds the regular hours and closes with the bar that
ends at the close, else with the first later bar. A missing minute of regular hours marks the bar
that should hold it, or, where no bar holds it, the bar before. Where bars of 5 or 30 minutes are fed
the same holds of them.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled import layout as at
from alphaline.features.compiled.apply import apply
from alphaline.features.compiled.jit import compiled, inlined, merged
from alphaline.features.compiled.layout import (
    ACTIVE,
    CLOCK_FIRST,
    CLOCK_LAST,
    CLOCK_MINUTES,
    CLOCK_OFFSET,
    CLOSE_PRICE,
    COUNT,
    END,
    FLAG,
    GAP,
    HIGH,
    LOW,
    PREVIOUS,
    RANGE,
    RETURN,
    VOLUME,
)

Row = NDArray[np.float64]
Ints = NDArray[np.int64]


@inlined
def add_bar(s: Row, base: int, bars: Row, i: int, end: int) -> None:
    """Add a bar that was fed to the bar that the clock at ``base`` is making, or start one."""
    if s[base + ACTIVE] == 0.0:
        s[base + ACTIVE] = 1.0
        s[base + END] = end
        for field in range(5):
            s[base + field] = bars[i, field]
        return
    s[base + HIGH] = max(s[base + HIGH], bars[i, HIGH])
    s[base + LOW] = min(s[base + LOW], bars[i, LOW])
    s[base + CLOSE_PRICE] = bars[i, CLOSE_PRICE]
    s[base + VOLUME] += bars[i, VOLUME]


@compiled
def close_bar(s: Row, clocks: Ints, k: int, table: Ints, parameters: Row, observed: Row) -> None:
    """Close the bar that a clock is making and run its operators."""
    base = clocks[k, CLOCK_OFFSET]
    s[base + COUNT] += 1.0
    if s[base + FLAG] > 0.0:
        s[base + FLAG] = 0.0
        mark_gap(s, base)
    if s[base + COUNT] > 1.0:
        s[base + RETURN] = math.log(s[base + CLOSE_PRICE] / s[base + PREVIOUS])
    height = math.log(s[base + HIGH] / s[base + LOW])
    s[base + RANGE] = height * height
    for j in range(clocks[k, CLOCK_FIRST], clocks[k, CLOCK_LAST]):
        s[table[j, at.OFFSET]] = apply(s, base, table, j, parameters, observed)
    s[base + PREVIOUS] = s[base + CLOSE_PRICE]
    s[base + ACTIVE] = 0.0


@inlined
def mark_gap(s: Row, base: int) -> None:
    """Note that a minute is missing in, or right after, the last closed bar of a clock."""
    s[base + GAP] = s[base + COUNT] + 1.0


@merged
def step_bar(
    s: Row,
    clocks: Ints,
    k: int,
    bars: Row,
    i: int,
    gap: bool,
    table: Ints,
    parameters: Row,
    observed: Row,
) -> None:
    """Close a bar as it was fed; ``gap`` says that an expected one before it is missing."""
    base = clocks[k, CLOCK_OFFSET]
    if gap:
        mark_gap(s, base)
    for field in range(5):
        s[base + field] = bars[i, field]
    close_bar(s, clocks, k, table, parameters, observed)


@compiled
def step_bucket(
    s: Row,
    clocks: Ints,
    k: int,
    bars: Row,
    i: int,
    minute: int,
    gap: tuple[int, int],
    table: Ints,
    parameters: Row,
    observed: Row,
) -> None:
    """Take a bar that was fed into buckets of as many minutes or more, aligned to the hour.

    ``gap`` holds the regular minutes [from, to) that are missing right before the bar.
    """
    base, length = clocks[k, CLOCK_OFFSET], clocks[k, CLOCK_MINUTES]
    start = minute - minute % length
    if s[base + ACTIVE] > 0.0 and minute >= s[base + END]:
        close_bar(s, clocks, k, table, parameters, observed)
    if gap[0] < gap[1]:
        if gap[0] < start and s[base + ACTIVE] == 0.0:
            mark_gap(s, base)
        if gap[1] > start:
            s[base + FLAG] = 1.0
    add_bar(s, base, bars, i, start + length)
    if minute + clocks[at.NONE, at.FED] == start + length:
        close_bar(s, clocks, k, table, parameters, observed)
