"""What the fills of trades cost at their own prices, for measures that know returns and no orders.

A tick and a fee per unit weigh ten times as much at 20 dollars as at 200. So each trade is charged at the
prices that it was made at, by the line's own fill price: half the spread, the slippage, and the rounding
to the tick that is worse. No price of another day is read, later or earlier.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from alphaline.market.instruments import Instrument
from alphaline.trading.compiled import price_against
from alphaline.trading.money import minor_scale
from alphaline.trading.strategy import ExecutionTerms
from alphaline.validation.marked_returns import TradedBars
from alphaline.validation.trading_costs import NIGHTS_PER_YEAR, SideCosts

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Sides = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class FillCosts:
    """The execution terms of a strategy on the bars of one instrument.

    Parameters
    ----------
    execution, instrument
        The terms, and whose ticks and units they count in.
    bars
        On which it is traded, with the factor of its splits.
    """

    execution: ExecutionTerms
    instrument: Instrument
    bars: TradedBars

    @property
    def borrow_nightly(self) -> float:
        """What a short position pays for one night, as a fraction of its capital."""
        return self.execution.borrow_annual_bps / 10_000 / NIGHTS_PER_YEAR

    def of_trades(self, side: Sides, t_entry: Times, t_exit: Times, gross: Floats) -> SideCosts:
        """Return what opening and closing k trades costs, as fractions of the value at the entry.

        Entries are at the raw open of their bar. Exits are at the raw price that ``gross`` says, of
        as many units as splits have made of one; what they cost grows with that price.

        Parameters
        ----------
        side, t_entry, t_exit, gross
            As in `Trades`, each of shape (k,).

        Raises
        ------
        DatasetError
            If a trade enters at no bar.
        """
        enters = self.bars.starting_at(t_entry)
        leaves = np.searchsorted(self.bars.ts_event, t_exit) - 1
        factor = np.ones(len(self.bars.ts_event)) if self.bars.factor is None else self.bars.factor
        entry_price = self.bars.prices[enters, 0] / factor[enters]
        units = factor[leaves] / factor[enters]
        exit_price = entry_price * (1.0 + side * gross) / units
        return SideCosts(
            self._of_units(side, entry_price) / entry_price,
            self._of_units(-side, exit_price) * units / entry_price,
        )

    def before(self, limit: int) -> Self:
        """Return the same terms on the bars that start before ``limit`` (UTC nanoseconds)."""
        return replace(self, bars=self.bars.before(limit))

    def chosen(self) -> dict[str, float]:
        """Return the terms and the tick, as stated and not as fractions: no price is in them."""
        execution = self.execution
        return {
            "half_spread_ticks": execution.half_spread_ticks,
            "tick": self.instrument.tick,
            "slippage_bps": execution.slippage_bps,
            "fee_per_unit_minor": float(execution.fee_per_unit_minor),
            "borrow_annual_bps": execution.borrow_annual_bps,
        }

    def _of_units(self, direction: Sides, price: Floats) -> Floats:
        terms = (float(self.execution.half_spread_ticks), float(self.execution.slippage_bps))
        lost = _concessions(direction, price, self.instrument.tick_nanos, *terms)
        return lost + float(self.execution.fee_per_unit_minor) / minor_scale(self.instrument)


@njit(cache=True)
def _concessions(
    direction: Sides, price: Floats, tick_nanos: int, half_spread_ticks: float, slippage_bps: float
) -> Floats:
    lost = np.empty(len(price))
    for k in range(len(price)):
        filled = price_against(direction[k], price[k], tick_nanos, half_spread_ticks, slippage_bps)
        lost[k] = direction[k] * (filled - price[k])
    return lost
