"""Look-ups of instruments and sessions as machine code, for loops over millions of rows.

Who decides once a minute needs none of it. Signatures are declared, so that an import loads what is
compiled and no first call waits for a compiler.
"""

import numpy as np
from numba import njit
from numba.extending import register_jitable
from numpy.typing import NDArray

from alphaline.market import instruments

Int64 = NDArray[np.int64]

# The line's own function; compiled code that calls it by its plain name gets it compiled into itself.
tick_against = njit("float64(int64, float64, int64)", cache=True)(
    register_jitable(instruments.tick_against)
)


# Read-only arrays take others too.
@njit("int64(Array(int64, 1, 'C', True), Array(int64, 1, 'C', True), int64)", cache=True)
def session_index(start: Int64, end: Int64, ts: int) -> int:
    """Return the index of the session whose [start, end) holds ``ts``, else -1.

    Parameters
    ----------
    start, end
        int64 (n,), sorted, of a ``SessionTable``.
    ts
        UTC nanoseconds.
    """
    low, high = 0, len(start)
    while low < high:
        middle = (low + high) // 2
        if start[middle] <= ts:
            low = middle + 1
        else:
            high = middle
    if low > 0 and ts < end[low - 1]:
        return low - 1
    return -1
