"""What a paper order gets from a bar: price, units and fee. No randomness, always against the trader."""

import math
from decimal import ROUND_CEILING

from alphaline.market.instruments import NANOS, Instrument
from alphaline.messages import Side
from alphaline.trading.strategy import ExecutionTerms

_BASIS_POINT = 1e-4


def fill_price(
    side: Side, price: float, instrument: Instrument, execution: ExecutionTerms
) -> float:
    """Return what ``side`` pays or gets where the market trades at ``price``.

    Half the spread and the slippage are added for a buyer, taken off for a seller; the result is
    rounded to the tick that is worse for the trader and is one tick at least.
    """
    spread = execution.half_spread_ticks * instrument.tick_nanos / NANOS
    concession = spread + price * execution.slippage_bps * _BASIS_POINT
    raw = price + concession if side == "buy" else price - concession
    return max(instrument.round_against(side, raw), instrument.price_of(1))


def units_available(volume: float, instrument: Instrument, execution: ExecutionTerms) -> int:
    """Return how many units the account may trade in a bar of ``volume``: whole lots, rounded down."""
    lots = math.floor(execution.participation * volume / instrument.lot)
    return max(lots, 0) * instrument.lot


def fee_minor(quantity: int, execution: ExecutionTerms) -> int:
    """Return the fee of a fill in minor units, rounded up."""
    fee = execution.fee_per_unit_minor * quantity
    return int(fee.to_integral_value(ROUND_CEILING))
