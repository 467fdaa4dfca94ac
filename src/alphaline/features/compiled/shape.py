"""The first four central moments over a window, for skewness and kurtosis.

The block scheme of ``compiled.windows`` at every window; sums of powers of deviations are joined by
the formulas of Pébay (2008).
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled.jit import compiled, inlined

Row = NDArray[np.float64]
# Mean, and sums of squared, cubed and fourth powers of deviations.
Shape = tuple[float, float, float, float]


@inlined
def _join(n: float, a: Shape, m: float, b: Shape) -> Shape:
    count = n + m
    apart = b[0] - a[0]
    step = apart / count
    square = apart * step * n * m
    cube = square * step * (n - m) + 3.0 * step * (n * b[1] - m * a[1])
    fourth = (
        square * step * step * (n * n - n * m + m * m)
        + 6.0 * step * step * (n * n * b[1] + m * m * a[1])
        + 4.0 * step * (n * b[2] - m * a[2])
    )
    return a[0] + step * m, a[1] + b[1] + square, a[2] + b[2] + cube, a[3] + b[3] + fourth


@inlined
def _at(s: Row, place: int, stride: int) -> Shape:
    return s[place], s[place + stride], s[place + 2 * stride], s[place + 3 * stride]


@inlined
def _put(s: Row, place: int, stride: int, found: Shape) -> None:
    s[place] = found[0]
    s[place + stride] = found[1]
    s[place + 2 * stride] = found[2]
    s[place + 3 * stride] = found[3]


@compiled
def shape(s: Row, offset: int, window: int, number: int, x: float) -> Shape:
    """Take the value with this number (from 0); return mean and sums of powers of the window.

    Meaningful from ``number = window - 1`` on. Uses ``shape_size(window)`` places of ``s``.
    """
    block = offset + 4
    place = number % window
    single = (x, 0.0, 0.0, 0.0)
    prefix = single if place == 0 else _join(float(place), _at(s, offset, 1), 1.0, single)
    _put(s, offset, 1, prefix)
    _put(s, block + place, window, single)
    if place < window - 1:
        suffix = _at(s, block + place + 1, window)
        return _join(place + 1.0, prefix, window - 1.0 - place, suffix)
    suffix = single
    for i in range(window - 2, -1, -1):
        suffix = _join(window - 1.0 - i, suffix, 1.0, _at(s, block + i, window))
        _put(s, block + i, window, suffix)
    return prefix
