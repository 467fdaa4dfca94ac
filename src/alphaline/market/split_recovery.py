"""Splits found in a vendor's adjusted closes, for an event file that lacks them.

An adjusted close looks ahead: it divides old prices by splits that came later. It serves to find the
date and the ratio of a split, and for nothing else.
"""

import numpy as np
from numpy.typing import NDArray

from alphaline.errors import DatasetError
from alphaline.market.session_labels import iso

# Up to 50 new shares for one or one for 50: above that, two neighbours lie closer than twice ``_NEAR``.
_WHOLE = [float(n) for n in range(2, 51)] + [3 / 2, 5 / 2, 4 / 3, 5 / 4]
_RATIOS = _WHOLE + [1.0 / ratio for ratio in _WHOLE]
# No ordinary dividend pays a sixth of the price, no usual split is below 5 for 4.
_SMALLEST = 1.2
# The vendor's rounding, and a dividend that may go with the split.
_NEAR = 0.01


def recovered_splits(
    session: NDArray[np.int64], close: NDArray[np.float64], adj_close: NDArray[np.float64]
) -> list[tuple[int, float]]:
    """Return label and ratio (new shares per old) of each split that ``adj_close`` accounts for.

    The quotient adj_close / close jumps by the ratio from the last session before the ex-date to the
    ex-date. Steps below 1.2 either way are dividends and are passed over.

    Parameters
    ----------
    session
        Labels, int64 (n,), ascending.
    close, adj_close
        Raw and adjusted closes; float64 (n,), above zero.

    Raises
    ------
    DatasetError
        For a jump that is not within 1 % of a ratio n:1, 1:n, 3:2, 5:2, 4:3 or 5:4, n up to 50: that is
        no split, and what it is has to be found out.
    """
    quotient = adj_close / close
    jumps = quotient[1:] / quotient[:-1]
    rows = np.flatnonzero(np.abs(np.log(jumps)) >= np.log(_SMALLEST)) + 1
    return [(int(session[row]), _ratio(float(jumps[row - 1]), int(session[row]))) for row in rows]


def _ratio(jump: float, label: int) -> float:
    best = min(_RATIOS, key=lambda ratio: abs(np.log(jump / ratio)))
    if abs(jump / best - 1.0) > _NEAR:
        raise DatasetError(
            f"session {iso(label)}: adj_close over close jumps by {jump:.6g}, which is the ratio of no "
            "split; look up what happened and declare it"
        )
    return best
