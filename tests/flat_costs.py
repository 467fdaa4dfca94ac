"""The same costs for every trade, where a test is about something else than prices."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from alphaline.validation.trading_costs import NIGHTS_PER_YEAR, SideCosts


@dataclass(frozen=True)
class FlatCosts:
    """Of opening, and again of closing, and of a year of borrowing, as fractions of the capital."""

    side: float = 0.0
    borrow_annual: float = 0.0

    @property
    def borrow_nightly(self) -> float:
        """Return a night's part of the year."""
        return self.borrow_annual / NIGHTS_PER_YEAR

    def of_trades(self, side: np.ndarray, *_times_and_gross: Any) -> SideCosts:
        """Return ``side`` twice for each trade."""
        return SideCosts(np.full(len(side), self.side), np.full(len(side), self.side))

    def before(self, _limit: int) -> Self:
        """Return the costs themselves: they know of no time."""
        return self

    def chosen(self) -> dict[str, float]:
        """Return both fractions."""
        return asdict(self)
