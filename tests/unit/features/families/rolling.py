"""Windows over whole histories by plain numpy, for the references of the families."""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

# As the table says: log changes whose standard deviation is below this did not move.
REST = 1e-14


def windows(x: Array, count: int) -> Array:
    """Return the window that ends at each bar, (n, count), NaN where it is not full."""
    padded = np.r_[np.full(count - 1, np.nan), np.asarray(x, dtype=float)]
    return sliding_window_view(padded, count)


def changes(x: "pd.Series[float] | Array", lag: int = 1) -> Array:
    """Return log changes over ``lag`` bars, NaN at the start."""
    ratio = np.asarray(x, dtype=float)
    # The logarithm of a ratio is more exact than the difference of two logarithms.
    return np.log(ratio / lagged(ratio, lag))


def lagged(x: Array, lag: int) -> Array:
    """Return the values of ``lag`` bars before, NaN at the start."""
    return np.r_[np.full(lag, np.nan), x][: len(x)]


def at_rest(found: Array) -> NDArray[np.bool_]:
    """Return whether the log changes of each window, (n, w), did not move; false where NaN."""
    return np.asarray(found.std(axis=1) <= REST)
