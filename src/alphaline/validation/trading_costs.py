"""What trading costs, as fractions of a trade's capital: by constants here, by fills in ``trading``."""

import math
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingCosts:
    """The same costs for every trade: of one side, as fractions of its capital, paid twice.

    For what is traded at about one price; `alphaline.trading.fill_costs.FillCosts` takes each trade
    at its own.

    Parameters
    ----------
    half_spread
        From mid to the touched quote.
    slippage
        What the fill loses beyond the quote.
    fee
        Commissions and exchange fees.
    borrow_annual
        What a short position pays for a year of borrowing, by night, nothing within a day.
    """

    half_spread: float
    slippage: float
    fee: float
    borrow_annual: float = 0.0

    def __post_init__(self) -> None:
        if not all(
            math.isfinite(c) and c >= 0
            for c in (self.half_spread, self.slippage, self.fee, self.borrow_annual)
        ):
            raise ValueError(f"trading costs: expected finite costs of 0 or more, saw {self}")

    @property
    def one_side(self) -> float:
        """Costs of opening, or of closing, as a fraction of the notional."""
        return self.half_spread + self.slippage + self.fee

    @property
    def borrow_nightly(self) -> float:
        """What a short position pays for one night."""
        return self.borrow_annual / NIGHTS_PER_YEAR

    def of_trades(
        self,
        side: Sides,
        t_entry: Times,  # noqa: ARG002 - the same at any time and price
        t_exit: Times,  # noqa: ARG002
        gross: Floats,  # noqa: ARG002
    ) -> SideCosts:
        """Return the costs of one side twice for each trade (see `Costs`)."""
        one_side = np.full(len(side), self.one_side)
        return SideCosts(one_side, one_side)

    def before(self, limit: int) -> Self:  # noqa: ARG002
        """Return the costs themselves: they know of no time."""
        return self

    def chosen(self) -> dict[str, float]:
        """Return the four fractions."""
        return asdict(self)
