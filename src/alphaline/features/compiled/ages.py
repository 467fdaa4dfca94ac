"""How many bars ago a window had its lowest low and its highest high.

The block scheme of ``compiled.windows``, with the place of each extreme beside it. Of equal
extremes the latest counts.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled.jit import compiled, inlined

Row = NDArray[np.float64]


@inlined
def _age(s: Row, offset: int, window: int, place: int, x: float) -> int:
    # Highest of x; the prefix's value and place, then the values and places of the block.
    values = offset + 2
    places = values + window
    if place == 0 or x >= s[offset]:
        s[offset] = x
        s[offset + 1] = place
    s[values + place] = x
    s[places + place] = place
    age = place - int(s[offset + 1])
    if place < window - 1:
        after = place + 1
        if s[values + after] > s[offset]:
            age = place + window - int(s[places + after])
        return age
    for i in range(window - 2, -1, -1):
        if s[values + i] <= s[values + i + 1]:
            s[values + i] = s[values + i + 1]
            s[places + i] = s[places + i + 1]
    return age


@compiled
def ages(s: Row, offset: int, window: int, number: int, low: float, high: float) -> tuple[int, int]:
    """Take the low and high of the bar with this number (from 0); return the age of each extreme.

    Age 0 is the bar itself. Meaningful from ``number = window - 1`` on. Uses ``ages_size(window)``
    places of ``s``.
    """
    place = number % window
    of_low = _age(s, offset, window, place, -low)
    return of_low, _age(s, offset + 2 + 2 * window, window, place, high)
