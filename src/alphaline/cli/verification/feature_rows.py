"""Feature rows of a history as arrays, and which of them differ from those of a longer history."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class FeatureRows(NamedTuple):
    """The rows that became known after ``since``, in order.

    Parameters
    ----------
    columns
        Names, in order.
    ts_known
        int64 (n,), UTC nanoseconds.
    values, status
        float32 and uint8 (n, columns), as the engine gives them.
    """

    columns: tuple[str, ...]
    ts_known: NDArray[np.int64]
    values: NDArray[np.float32]
    status: NDArray[np.uint8]
    since: int = 0

    def known_in(self, since: int, ts: int) -> "FeatureRows":
        """Return the rows that became known after ``since`` and not after ``ts``."""
        low, high = np.searchsorted(self.ts_known, [since, ts], side="right")
        return self._replace(
            ts_known=self.ts_known[low:high],
            values=self.values[low:high],
            status=self.status[low:high],
            since=since,
        )


def changed_rows(whole: FeatureRows, cut: FeatureRows, ts: int) -> dict[str, int]:
    """Return, per column, how many rows of the history cut at ``ts`` have other bytes than the whole's.

    A row that only one of them has counts in every column.
    """
    earlier = whole.known_in(cut.since, ts)
    in_both = np.intersect1d(earlier.ts_known, cut.ts_known)
    one_sided = len(earlier.ts_known) + len(cut.ts_known) - 2 * len(in_both)
    left, right = (np.isin(rows.ts_known, in_both, assume_unique=True) for rows in (earlier, cut))
    # Bits, not numbers: NaN equals NaN, and -0.0 is not 0.0.
    differs = earlier.values.view(np.uint32)[left] != cut.values.view(np.uint32)[right]
    differs |= earlier.status[left] != cut.status[right]
    counts = differs.sum(axis=0) + one_sided
    return dict(zip(whole.columns, counts.tolist(), strict=True))
