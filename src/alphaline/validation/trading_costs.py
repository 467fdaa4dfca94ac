"""What trades and measures ask of costs; ``trading.fill_costs`` answers by fills."""

from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Sides = NDArray[np.int8]

# Borrowing is charged on calendar days.
NIGHTS_PER_YEAR = 365


class SideCosts(NamedTuple):
    """What opening and closing each of k trades costs, as fractions of its capital.

    The capital of a trade is its value at the entry; float64 (k,).
    """

    entry: Floats
    exit: Floats


class Costs(Protocol):
    """What trading one instrument costs."""

    def of_trades(self, side: Sides, t_entry: Times, t_exit: Times, gross: Floats) -> SideCosts:
        """Return the costs of k trades; the arguments are those of `Trades`, each of shape (k,)."""

    @property
    def borrow_nightly(self) -> float:
        """What a short position pays for one night, as a fraction of its capital."""

    def before(self, limit: int) -> Self:
        """Return the same costs without what they know of ``limit`` (UTC nanoseconds) and later."""

    def chosen(self) -> dict[str, float]:
        """Return the terms by name; they stand in the identity of a trial."""
