"""Execution terms as fractions of a notional, for measures that know returns and no orders."""

from alphaline.market.instruments import Instrument
from alphaline.trading.money import minor_per_major
from alphaline.trading.strategy import ExecutionTerms
from alphaline.validation.trading_costs import TradingCosts


def trading_costs(execution: ExecutionTerms, instrument: Instrument, price: float) -> TradingCosts:
    """Return what one side of a trade costs, as fractions of its notional.

    Parameters
    ----------
    price
        At which costs per tick and per unit become fractions; raw, as it was traded, and about the
        same throughout. Where prices wander over years, `FillCosts` takes each trade at its own.
    """
    return TradingCosts(
        half_spread=execution.half_spread_ticks * instrument.tick / price,
        slippage=execution.slippage_bps / 10_000,
        fee=float(execution.fee_per_unit_minor) / minor_per_major(instrument.currency) / price,
        borrow_annual=execution.borrow_annual_bps / 10_000,
    )
