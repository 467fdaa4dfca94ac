"""Means, squared deviations and products of two series over one window, for regressions.

The block scheme of ``compiled.windows`` at every window: aggregates are only ever joined, never
taken apart, so nothing drifts, constants are exact, and an outlier or NaN has no trace after it has
left. Joined by the formula of Chan, Golub and LeVeque (1979), which holds for products too.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled.jit import compiled, inlined

Row = NDArray[np.float64]
# Mean of x, mean of y, sums of squared deviations of x, of y, and of their products.
Joint = tuple[float, float, float, float, float]


@inlined
def _join(count: float, a: Joint, more: float, b: Joint) -> Joint:
    x, y = b[0] - a[0], b[1] - a[1]
    share = more / (count + more)
    weight = count * share
    return (
        a[0] + x * share,
        a[1] + y * share,
        a[2] + b[2] + x * x * weight,
        a[3] + b[3] + y * y * weight,
        a[4] + b[4] + x * y * weight,
    )


@inlined
def _at(s: Row, place: int, stride: int) -> Joint:
    return (
        s[place],
        s[place + stride],
        s[place + 2 * stride],
        s[place + 3 * stride],
        s[place + 4 * stride],
    )


@inlined
def _put(s: Row, place: int, stride: int, found: Joint) -> None:
    s[place] = found[0]
    s[place + stride] = found[1]
    s[place + 2 * stride] = found[2]
    s[place + 3 * stride] = found[3]
    s[place + 4 * stride] = found[4]


@compiled
def joint(s: Row, offset: int, window: int, number: int, x: float, y: float) -> Joint:
    """Take the pair with this number (from 0); return means, squares and product of the window.

    Meaningful from ``number = window - 1`` on. Uses ``joint_size(window)`` places of ``s``.
    """
    block = offset + 5
    place = number % window
    pair = (x, y, 0.0, 0.0, 0.0)
    prefix = pair if place == 0 else _join(float(place), _at(s, offset, 1), 1.0, pair)
    _put(s, offset, 1, prefix)
    _put(s, block + place, window, pair)
    if place < window - 1:
        suffix = _at(s, block + place + 1, window)
        return _join(place + 1.0, prefix, window - 1.0 - place, suffix)
    suffix = pair
    for i in range(window - 2, -1, -1):
        suffix = _join(window - 1.0 - i, suffix, 1.0, _at(s, block + i, window))
        _put(s, block + i, window, suffix)
    return prefix
