"""Operators with an exponential memory: a few numbers of state, whatever the span.

Each takes the state row, the offset of its own places in it, the number of the bar (from 0) and the
new value. Places are zero before the first bar.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alphaline.features.compiled.jit import inlined

Row = NDArray[np.float64]


@inlined
def ema(s: Row, offset: int, number: int, x: float, alpha: float) -> float:
    """Return the exponential mean that starts at the first value."""
    value = x if number == 0 else s[offset] + alpha * (x - s[offset])
    s[offset] = value
    return value


@inlined
def rsi(s: Row, offset: int, window: int, number: int, x: float) -> float:
    """Return Wilder's relative strength index (1978), 0 to 100; 50 where nothing moved.

    The averages start as plain means of the first ``window`` changes.
    """
    change = x - s[offset] if number > 0 else 0.0
    s[offset] = x
    gain, loss = max(change, 0.0), max(-change, 0.0)
    if number <= window:
        s[offset + 1] += gain / window
        s[offset + 2] += loss / window
    else:
        s[offset + 1] += (gain - s[offset + 1]) / window
        s[offset + 2] += (loss - s[offset + 2]) / window
    total = s[offset + 1] + s[offset + 2]
    return 100.0 * s[offset + 1] / total if total > 0.0 else 50.0


@inlined
def macd(
    s: Row, offset: int, number: int, x: float, fast: float, slow: float, signal: float
) -> tuple[float, float]:
    """Return Appel's line (fast minus slow exponential mean) and the signal, its own mean."""
    line = ema(s, offset, number, x, fast) - ema(s, offset + 1, number, x, slow)
    return line, ema(s, offset + 2, number, line, signal)


@inlined
def ewma_deviation(s: Row, offset: int, x: float, alpha: float) -> float:
    """Return the root of the exponentially weighted mean square, weights normalised to one."""
    s[offset] = x * x + (1.0 - alpha) * s[offset]
    s[offset + 1] = 1.0 + (1.0 - alpha) * s[offset + 1]
    return math.sqrt(s[offset] / s[offset + 1])
